import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { COST_MODELS, type CostModel } from '../../runtime/instrument/index.ts';
import { MNEMONICS } from '../../runtime/instrument/opcodes.ts';

/* docs/fuel-costs.md is made from the cost tables: `BLESS=1 npx vitest run test/pins` rewrites it. */

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PAGE = join(ROOT, 'docs/fuel-costs.md');
const { region, exact } = COST_MODELS;

it('docs/fuel-costs.md says what the cost tables say', () => {
  const page = `${[head(), instructions(), charges()].join('\n\n')}\n`;
  if (process.env.BLESS === '1') writeFileSync(PAGE, page);
  expect(page).toBe(readFileSync(PAGE, 'utf8'));
});

function head(): string {
  const models = [region, exact].map(({ name, version, digest }) => `| \`${name}\` | ${version} | \`${digest}\` |`);
  return `# What fuel costs

Made from \`runtime/instrument/costs.ts\`; a test compares. [fuel.md](fuel.md) says what the models are.

| model | version | digest of the table |
| ----- | ------- | ------------------- |
${models.join('\n')}`;
}

/** Instructions by what they cost in the two models; the many that cost 1 in both are left out. */
function instructions(): string {
  const byCost = new Map<string, string[]>();
  for (const [opcode, mnemonic] of [...MNEMONICS].sort(([a], [b]) => a - b)) {
    const costs = `${region.costOf[opcode]} | ${exact.costOf[opcode]}`;
    const names = byCost.get(costs) ?? [];
    if (!names.includes(mnemonic)) byCost.set(costs, [...names, mnemonic]);
  }
  byCost.delete('1 | 1');
  const rows = [...byCost].map(([costs, names]) => `| ${names.map((name) => `\`${name}\``).join(', ')} | ${costs} |`);
  return `## Instructions

Everything that is not in this table costs 1.

| instruction | region | exact |
| ----------- | -----: | ----: |
${rows.join('\n')}`;
}

/** What each other charge is for, in the order of the table. */
const WORDS: Readonly<Record<keyof CostModel['charges'] | keyof CostModel['tolerance'], string>> = {
  functionEntry: 'entering a function',
  localsPerUnit: 'locals of a function that one unit of its entry pays for',
  valuesPerUnit: 'values that one unit pays for when a branch, call or return carries them',
  importedCall: 'calling an imported function, beside the call',
  bytesPerUnit: 'bytes of a bulk memory operation that one unit pays for, rounded up',
  tableElement: 'an element of a bulk table operation',
  tableElementGrown: 'an element that `table.grow` added',
  memoryPage: 'a page that `memory.grow` added',
  constantGrow: 'growing by a constant up to this is paid for even if it fails',
  codeBytesPerUnit: 'starting: bytes of code that one unit pays for',
  constantInstruction: 'starting: an instruction of a constant expression',
  elementEntry: 'starting: an entry of an element segment',
  dataBytesPerUnit: 'starting: bytes of active data that one unit pays for, rounded up',
  factor: 'tolerance: costliest path that a charge pays for, in charges',
  slack: 'tolerance: what a charge may be above `factor` times the cheapest path',
  freeLeaf: 'costliest path of a function that may be called indirectly and is free',
  indirectCallee: 'what `call_indirect` pays for such a function',
};

function charges(): string {
  const numbers = ({ charges, tolerance }: CostModel) => ({ ...charges, ...tolerance }) as Record<string, number>;
  const text = (value: number | undefined) => (value === Number.POSITIVE_INFINITY ? 'free' : String(value));
  const rows = Object.entries(WORDS).map(
    ([name, words]) => `| ${words} | ${text(numbers(region)[name])} | ${text(numbers(exact)[name])} |`,
  );
  return `## Other charges

| what | region | exact |
| ---- | -----: | ----: |
${rows.join('\n')}

Under our own bindings each byte that crosses between host and guest costs 1 in both models; a field, item or element counts as 8 bytes where
values are built from it.`;
}

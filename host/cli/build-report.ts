import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { BuiltTool } from '../../authoring/build/index.ts';
import { decodeComponent, isCoded } from '../../runtime/index.ts';
import { grouped } from '../approvals/text-lines.ts';
import { type InspectReport, importLine, inspect } from './inspect.ts';

/** What `cellblock build --json` prints. */
export interface BuildReport extends Pick<InspectReport, 'digest' | 'bytes' | 'docs' | 'imports' | 'functions' | 'types'> {
  readonly name: string;
  readonly language: string;
  /** Where the component is, relative to the working directory. */
  readonly path: string;
  /** Digest of what was there before; absent where nothing was. */
  readonly before?: string;
  /** Capabilities that a policy has to grant before it runs. */
  readonly grants: readonly string[];
  /** Imports that no capability serves: only an embedding program could. */
  readonly unserved: readonly string[];
  /** Versions of what had a part in the bytes. */
  readonly toolchain: Readonly<Record<string, string>>;
  /** With `--check`: whether the component that is there is the one of this source, and what is not the same. */
  readonly check?: CheckReport;
  readonly ms: number;
}

export interface CheckReport {
  readonly ok: boolean;
  readonly differences: readonly string[];
}

/** @param kept - bytes that were there before the build. */
export function buildReport(built: BuiltTool, path: string, kept: Uint8Array | undefined): Omit<BuildReport, 'ms'> {
  const { project, component, digest, toolchain } = built;
  const { bytes, docs, imports, functions, types } = inspect(decodeComponent(component));
  const needed = imports.filter(({ servedBy }) => servedBy === 'grant').flatMap(({ grant }) => grant ?? []);
  return {
    name: project.name,
    language: project.language,
    path,
    digest,
    bytes,
    ...(kept === undefined ? {} : { before: digestOf(kept) }),
    grants: [...new Set(needed)].sort(),
    unserved: imports.filter(({ servedBy }) => servedBy === 'nothing').map((item) => item.import),
    ...(docs === undefined ? {} : { docs }),
    imports,
    functions,
    types,
    toolchain,
  };
}

/**
 * Whether the component that is there is what its source yields: the same bytes, since a source that does something else may well have
 * the same interface. The differences tell an author what others would notice.
 */
export function checkReport({ component }: BuiltTool, kept: Uint8Array | undefined): CheckReport {
  if (kept === undefined) return { ok: false, differences: ['there is no component'] };
  if (Buffer.compare(kept, component) === 0) return { ok: true, differences: [] };
  return { ok: false, differences: ['other bytes', ...interfaceDifferences(kept, component)] };
}

const PARTS = ['docs', 'imports', 'functions', 'types'] as const;

function interfaceDifferences(kept: Uint8Array, built: Uint8Array): readonly string[] {
  try {
    const [before, after] = [inspect(decodeComponent(kept)), inspect(decodeComponent(built))];
    return PARTS.filter((part) => !isDeepStrictEqual(before[part], after[part])).map((part) => `${part} differ`);
  } catch (error) {
    if (!isCoded(error)) throw error;
    return [`what is there is no component: ${error.message}`];
  }
}

/** A report as people read it. */
export function reportLines(report: BuildReport): readonly string[] {
  const { path, bytes, digest, imports, functions, grants, unserved, toolchain, ms } = report;
  const versions = Object.entries(toolchain).map(([name, version]) => `${name} ${version}`);
  return [
    `${path}: ${grouped(bytes)} bytes, ${digest} (${comparison(report)})`,
    ...(functions.length === 0 ? ['exports: no functions'] : ['exports:', ...functions.flatMap(functionLines)]),
    ...importLines(imports),
    `grants needed: ${grants.length === 0 ? 'none' : grants.join(', ')}`,
    ...(unserved.length === 0 ? [] : [`served by nothing here: ${unserved.join(', ')}; only an embedding program could`]),
    `built with ${versions.join(', ')}, in ${(ms / 1000).toFixed(1)} s`,
  ];
}

/** What toolchains drag in, and what has only types, needs no decision of anybody: it is counted. */
function importLines(imports: BuildReport['imports']): readonly string[] {
  if (imports.length === 0) return ['imports: none'];
  const always = imports.filter(({ servedBy, grant }) => servedBy === 'always' && grant === undefined);
  const counted = `  ${always.length} that need no grant: closed, or types only; \`cellblock inspect\` has them`;
  const told = imports.filter((item) => !always.includes(item)).map(importLine);
  return ['imports:', ...told, ...(always.length === 0 ? [] : [counted])];
}

function functionLines({ id, wit, callable, reason }: BuildReport['functions'][number]): readonly string[] {
  return [`  ${id}`, `    ${wit}`, ...(callable ? [] : [`    not callable: ${reason ?? 'unknown'}`])];
}

function comparison({ before, digest, check }: BuildReport): string {
  if (check === undefined) return before === undefined ? 'new' : before === digest ? 'the same as before' : 'changed';
  if (check.ok) return 'the component that is there has the same bytes';
  const same =
    check.differences.length === 1 && before !== undefined ? ', and the same interface: changed since, or other compilers' : '';
  return `not the component that is there: ${check.differences.join('; ')}${same}`;
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

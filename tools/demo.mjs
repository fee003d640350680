// The main job, shown: an agent asks for tools by name; the policy decides; fresh cells run them; receipts prove it.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openWarden } from 'cellblock';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const log = readFileSync(here('samples/kube-crashloop.log'), 'utf8');

const bold = (text) => (process.stdout.isTTY ? `\u001b[1m${text}\u001b[0m` : text);
const say = (text = '') => console.log(text);

/** Guest text for a terminal: control characters made visible, one line, not too long. */
const shown = (text) => text.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ').slice(0, 110);

function receipt({ receipt: r }) {
  const fuel =
    r.fuelMax === undefined ? r.fuel : `${Number(r.fuel).toLocaleString('en')} of ${Number(r.fuelMax).toLocaleString('en')}`;
  say(
    `  receipt  component ${r.digest?.slice(0, 19) ?? 'never read'} · fuel ${fuel} · memory ${(r.memoryBytesPeak / 2 ** 20).toFixed(1)} MiB`,
  );
  say(
    `           ${r.wallMs.toFixed(1)} ms · ${r.hostCalls} host calls · grants [${r.grants.join(', ')}] · rules ${r.policy.rules.join('; ')}`,
  );
}

function expectKind(outcome, kind) {
  if (outcome.kind === kind) return;
  console.error(JSON.stringify(outcome, null, 2));
  throw new Error(`expected the outcome \`${kind}\`, got \`${outcome.kind}\``);
}

const warden = await openWarden({ policy: here('cellblock.yaml') });
try {
  say(
    bold(`\n1. The agent \`triage\` reads a Kubernetes log of ${log.split('\n').length - 1} lines: which pods crash, and why?`),
  );
  const summary = await warden.request({ agent: 'triage', tool_name: 'crash-summary', parameters: { log, 'pods-max': 5 } });
  expectKind(summary, 'ok');
  say(`  ${shown(summary.value.headline)}`);
  for (const pod of summary.value.pods) {
    const reason = pod.reason.value === undefined ? pod.reason.tag : `${pod.reason.tag} (${shown(String(pod.reason.value))})`;
    say(`  - ${shown(pod.name)}: ${pod.restarts} restarts, ${reason}`);
    if (pod['last-error']) say(`      last error, as data: ${shown(pod['last-error'])}`);
  }
  receipt(summary);

  say(
    bold(
      '\n2. It wants to send the log on. The tool `redact` imports `cellblock:host/log`; a policy without that grant refuses it.',
    ),
  );
  const refused = await warden.request({
    agent: 'triage',
    tool_name: 'redact-without-log',
    parameters: { text: log, options: { custom: [] } },
  });
  expectKind(refused, 'refused');
  say(`  refused: ${refused.error.message} [${refused.error.code}]`);
  say(`  help:    ${refused.error.help}`);
  receipt(refused);

  say(
    bold(
      '\n3. The same component with the grant: secrets and personal data are gone, and the operator sees what kinds were found.',
    ),
  );
  const redacted = await warden.request({
    agent: 'triage',
    tool_name: 'redact',
    parameters: { text: log, options: { custom: [] } },
  });
  expectKind(redacted, 'ok');
  const mark = new RegExp(`\\[(${redacted.value.counts.map((count) => count.kind).join('|')})\\]`);
  const changed = redacted.value.text.split('\n').filter((line) => mark.test(line));
  for (const line of changed.slice(0, 5)) say(`  ... ${shown(line.slice(Math.max(0, line.search(mark) - 60)))}`);
  say(`  counts:  ${redacted.value.counts.map((count) => `${count.kind} ${count.times}`).join(', ')}`);
  for (const { level, message } of redacted.log ?? []) say(`  log:     ${level}: ${shown(message)}`);
  receipt(redacted);

  say(bold('\n4. The agent `intern` may only summarise. Asking for `redact` is refused before the component is even read.'));
  const denied = await warden.request({
    agent: 'intern',
    tool_name: 'redact',
    parameters: { text: log, options: { custom: [] } },
  });
  expectKind(denied, 'refused');
  say(`  refused: ${denied.error.message} [${denied.error.code}]`);
  receipt(denied);
  say();
} finally {
  await warden.close();
}

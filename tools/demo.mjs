// The main job, shown: an agent that reads hostile text asks for tools; the policy decides; a human answers; the trail proves it.
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openWarden, renderApproval, verifyTrail } from 'cellblock';
import { startKubeApi } from './kube-api-fake.mjs';
import { obeyTheLog, policyFor, readLog, restart } from './kubesleuth.mjs';

const bold = (text) => (process.stdout.isTTY ? `\u001b[1m${text}\u001b[0m` : text);
const say = (text = '') => console.log(text);
const title = (text) => say(bold(`\n${text}`));

/** Guest text for a terminal: control characters made visible, one line, not too long. */
const shown = (text) => text.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ').slice(0, 150);

function expectKind(outcome, kind, code) {
  if (outcome.kind === kind && (code === undefined || outcome.error?.code === code)) return;
  console.error(JSON.stringify(outcome, null, 2));
  throw new Error(`expected the outcome \`${kind}\`, got \`${outcome.kind}\``);
}

function refusal({ error, receipt }) {
  say(`  refused: ${error.message} [${error.code}]`);
  if (error.help !== undefined) say(`  help:    ${shown(error.help)}`);
  say(`  rules:   ${receipt.policy.rules.join('; ')}`);
}

function receipt({ receipt: r }) {
  const fuel = `${Number(r.fuel).toLocaleString('en')} of ${Number(r.fuelMax ?? 0).toLocaleString('en')}`;
  say(
    `  receipt: audit ${r.audit} · component ${r.digest?.slice(0, 19)} · fuel ${fuel} · ${r.wallMs.toFixed(1)} ms · ${r.isolation}`,
  );
}

/** The token is the host's: the policy says where it is, and no tool gets it. */
const api = await startKubeApi();
process.env.KUBE_TOKEN = api.token;

/** A folder of its own, so that each demo has a trail of its own. */
const folder = mkdtempSync(join(tmpdir(), 'cellblock-demo-'));
writeFileSync(join(folder, 'cellblock.yaml'), policyFor(api.url));
const trail = join(folder, '.cellblock');
const warden = await openWarden({ policy: join(folder, 'cellblock.yaml') });
try {
  title('1. KubeSleuth reads the log of a crash-looping pod, by a tool in a cell.');
  const summary = await readLog(warden);
  expectKind(summary, 'ok');
  const [pod] = summary.value.pods;
  say(`  ${shown(summary.value.headline)}`);
  say(`  last error of ${shown(pod.name)}, as data: ${shown(pod['last-error'])}`);
  receipt(summary);

  title('2. It believes the log and asks for the command. No rule allows it, one forbids it, and the operator is told.');
  const injected = await obeyTheLog(warden, pod);
  expectKind(injected, 'refused', 'denied/forbidden');
  refusal(injected);

  title('3. It asks to restart the deployment. The policy wants a human for that.');
  const waiting = await restart(warden, pod, { apiServer: api.url });
  expectKind(waiting, 'pending');
  const { id } = waiting.approval;
  const { asked } = await warden.approvals.show(id);
  for (const line of renderApproval(asked, Date.now(), 110)) say(`  ${line}`);

  title('4. Ann approves exactly this call; another one with her approval is refused; this one runs, once.');
  await warden.approvals.approve(id, { by: 'ann', digest: asked.digest });
  const other = await restart(warden, pod, { apiServer: api.url, approval: id, target: 'deployment/payments' });
  expectKind(other, 'refused', 'denied/approval-mismatch');
  refusal(other);
  const restarted = await restart(warden, pod, { apiServer: api.url, approval: id });
  expectKind(restarted, 'ok');
  say(`  ${restarted.value.summary}, generation ${restarted.value.generation}`);
  receipt(restarted);
  for (const use of restarted.receipt.uses) say(`  used:    ${use.act}: ${use.result}`);
  say(`  server:  got ${api.requests.length} request, with its token; the tool never had it`);
  const again = await restart(warden, pod, { apiServer: api.url, approval: id });
  expectKind(again, 'refused', 'denied/approval-used');
  refusal(again);
} finally {
  await warden.close();
  await api.close();
}
if (api.requests.length !== 1) throw new Error('the server did not get exactly one request');

title('5. The trail proves it; with one byte changed it says where.');
say(`  alert:   ${shown(readFileSync(join(trail, 'alerts.jsonl'), 'utf8'))}`);
const kept = readdirSync(trail, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
if (kept.some((entry) => readFileSync(join(entry.parentPath, entry.name)).includes(api.token)))
  throw new Error('the trail has the token');
const whole = await verifyTrail(trail);
if (!whole.ok) throw new Error('the trail does not verify');
say(`  verify:  ${whole.records} records, the chain is whole`);
const segment = join(trail, 'trail', readdirSync(join(trail, 'trail')).filter((name) => name.endsWith('.jsonl'))[0]);
copyFileSync(segment, `${segment}.kept`);
const bytes = readFileSync(segment);
bytes[bytes.indexOf('payments')] ^= 1;
writeFileSync(segment, bytes);
const broken = await verifyTrail(trail);
if (broken.ok) throw new Error('a changed trail verifies');
say(`  one bit: record ${broken.seq} in line ${broken.line}: ${broken.why}`);
rmSync(folder, { recursive: true, force: true });
say();

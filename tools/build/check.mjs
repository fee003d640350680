/** Whether a rebuilt component is the one that is kept: same interface, same answers. Bytes differ between compilers. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { componentWit } from '@bytecodealliance/jco-transpile/wasm-tools';
import { loadReference, resultOf } from './reference.mjs';
import { ROOT } from './tools.mjs';

const ALL = { custom: [] };
const SOME = { kinds: ['email', 'custom'], keepLast: 4, custom: [{ name: 'ticket', pattern: 'INC-####' }] };

/** One action for each verb, and some that are refused. */
const ACTIONS = [
  ['get', 'pods', 'web'],
  ['logs', 'pod/web-0', 'web'],
  ['rollout-restart', 'deployment/web', 'web', undefined, undefined, '2026-03-14T02:11:07Z'],
  ['scale', 'deployment/web', 'web', undefined, 3],
  ['delete', 'pod/web-0', 'web'],
  ['exec', 'pod/web-0', 'web', ['sh', '-c', 'echo "Zo\u00eb" | cat']],
  ['apply', 'pod/web-0', 'web'],
  ['delete', 'pods', 'web'],
  ['get', 'pod/../secrets', 'web'],
  ['get', 'pods', ''],
  ['exec', 'pod/web-0', 'web'],
];

const API_SERVER = 'https://10.0.1.58:6443';
const AT = '2026-03-14T02:11:07Z';
/** One restart that is carried out, and some that are not. */
const RESTARTS = [
  [API_SERVER, 'web', 'deployment/webapp', AT],
  [API_SERVER, 'web', 'deployment/paused', AT],
  [API_SERVER, 'web', 'deployment/forbidden', AT],
  [API_SERVER, 'web', 'deployment/denied', AT],
  [`${API_SERVER}/`, 'web', 'deployment/webapp', AT],
  [API_SERVER, 'web/../kube-system', 'deployment/webapp', AT],
  [API_SERVER, 'web', 'statefulset/db', AT],
  [API_SERVER, 'web', 'deployment/-', AT],
  [API_SERVER, 'web', 'deployment/webapp', 'now'],
];

/** By tool: its interface, its function, and what to try: arguments after the sample text (`rest`), or all of them (`whole`). */
const CALLS = {
  redact: { instance: 'cellblock:samples/redact@0.1.0', func: 'redact', rest: [[ALL], [SOME]] },
  'crash-summary': { instance: 'cellblock:samples/crash-summary@0.1.0', func: 'summarise', rest: [[undefined], [1]] },
  'kubectl-plan': { instance: 'cellblock:samples/kubectl-plan@0.1.0', func: 'plan', whole: ACTIONS },
  'kube-restart': { instance: 'cellblock:samples/kube-restart@0.1.0', func: 'restart', whole: RESTARTS },
};
const SAMPLES = ['kube-crashloop.log', 'kube-crashloop.events.log'];

/**
 * @param {string} name - tool.
 * @param {Uint8Array} kept - component beside the source.
 * @param {Uint8Array} rebuilt - component from the source.
 * @returns {Promise<string[]>} differences, in words; none when both agree.
 */
export async function compareComponents(name, kept, rebuilt) {
  const differences = [];
  if ((await componentWit(kept)) !== (await componentWit(rebuilt))) differences.push('imports or exports differ');
  if (!isDeepStrictEqual(docsOf(kept), docsOf(rebuilt))) differences.push('documentation differs');
  if (!Object.hasOwn(CALLS, name)) return differences; // its cases are what it answers: `cellblock test`
  const [before, after] = await Promise.all([kept, rebuilt].map((component) => answers(name, component)));
  before.forEach((answer, index) => {
    if (!isDeepStrictEqual(answer, after[index])) differences.push(`${answer.call} answers differently`);
  });
  return differences;
}

/** Custom sections with documentation: their bytes do not depend on the compiler. */
function docsOf(component) {
  const at = Buffer.from(component).indexOf('package-docs');
  return at < 0 ? '' : Buffer.from(component.subarray(at)).toString('latin1');
}

/** What a component answers to every call, and what it logs and sends. */
async function answers(name, component) {
  const { instance, func } = CALLS[name];
  const instantiate = await loadReference(component);
  const found = [];
  for (const [call, args] of await callsOf(CALLS[name])) {
    const logged = [];
    const sent = [];
    const host = {
      'cellblock:host/log': { write: (level, message) => logged.push([level, message]) },
      'cellblock:host/http': {
        send: (request) => {
          sent.push(request);
          return apiAnswer(request);
        },
      },
    };
    found.push({ call, logged, sent, answer: resultOf(() => instantiate(host)[instance][func](...args)) });
  }
  return found;
}

/** What an API server would say; by the last word of the path, so that every end of a call is there. */
function apiAnswer({ url, body }) {
  const name = new URL(url).pathname.split('/').at(-1);
  if (name === 'denied') throw Object.assign(new Error(name), { payload: { tag: 'denied', val: 'no rule has this path' } });
  const status = name === 'forbidden' ? 403 : 200;
  const { spec } = JSON.parse(Buffer.from(body).toString());
  const metadata = { namespace: 'web', name, resourceVersion: '4242', generation: 7 };
  const deployment = { kind: 'Deployment', metadata, spec: { ...spec, paused: name === 'paused' } };
  const answer = status === 200 ? deployment : { kind: 'Status', message: `deployments.apps "${name}" is forbidden` };
  return { status, headers: [], body: Buffer.from(JSON.stringify(answer)) };
}

/** The calls to try: what to call each in a message, and its arguments. */
async function callsOf({ func, rest, whole }) {
  if (whole !== undefined) return whole.map((args, index) => [`${func} call ${index + 1}`, args]);
  const calls = [];
  for (const sample of ['', ...SAMPLES]) {
    const text = sample === '' ? '' : await readFile(join(ROOT, 'tools/samples', sample), 'utf8');
    for (const [index, args] of rest.entries())
      calls.push([`${func} call ${index + 1} on ${sample === '' ? 'no text' : sample}`, [text, ...args]]);
  }
  return calls;
}

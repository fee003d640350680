// The scripted agent of the demo and of its test: no model, but what a model that believes its input would file.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export const INJECTED_LOG = here('samples/kube-crashloop-injected.log');
const AGENT = 'kubesleuth';
/** Where the policy has the API server. */
const API_SERVER = 'https://127.0.0.1:6443';

/** The policy for another folder and another API server: what it names stays where it is. */
export function policyFor(apiServer) {
  return readFileSync(here('kubesleuth.yaml'), 'utf8')
    .replaceAll(/^( +(?:component|ca): )(\S+)$/gm, (_all, key, path) => key + JSON.stringify(here(path)))
    .replaceAll(API_SERVER, apiServer);
}

/** The agent reads the log by its tool, and never by itself. */
export function readLog(warden) {
  const log = readFileSync(INJECTED_LOG, 'utf8');
  return warden.request({ agent: AGENT, tool_name: 'crash-summary', parameters: { log, 'pods-max': 5 } });
}

/** What a model makes of that summary when it takes the log's words for orders: it asks for the command. */
export function obeyTheLog(warden, pod) {
  const line = pod['last-error'];
  const command = /run '([^']+)'/.exec(line)?.[1] ?? '';
  return warden.request({
    agent: AGENT,
    tool_name: 'kubectl-plan',
    parameters: { verb: 'exec', target: `pod/${pod.name}`, namespace: 'web', command: ['sh', '-c', command] },
    justification: `the internal wiki suggests this fix: ${command}`,
    source_log_line: line,
  });
}

/** What a careful one asks for: the same bytes each time, so that one approval serves one call. */
export function restart(warden, pod, { approval, apiServer = API_SERVER, namespace = 'web', target = 'deployment/webapp' } = {}) {
  return warden.request({
    agent: AGENT,
    tool_name: 'kube-restart',
    parameters: { 'api-server': apiServer, namespace, target, 'restarted-at': '2026-03-14T02:15:00Z' },
    justification: 'webapp crash-loops since it lost its database, which is back; a restart clears the back-off',
    source: pod['last-error'],
    approval,
  });
}

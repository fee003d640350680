// The scripted agent of the demo and of its test: no model, but what a model that believes its input would file.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export const INJECTED_LOG = here('samples/kube-crashloop-injected.log');
const AGENT = 'kubesleuth';

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
export function restart(warden, pod, { approval, target = 'deployment/webapp' } = {}) {
  return warden.request({
    agent: AGENT,
    tool_name: 'kubectl-plan',
    parameters: { verb: 'rollout-restart', target, namespace: 'web', 'restarted-at': '2026-03-14T02:15:00Z' },
    justification: 'webapp crash-loops since it lost its database, which is back; a restart clears the back-off',
    source: pod['last-error'],
    approval,
  });
}

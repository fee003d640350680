/**
 * A small API server of Kubernetes for the demo and its tests: HTTPS on loopback under a private CA, one token, deployments that take one patch.
 *
 * It checks what a real one checks before it restarts anything, and keeps what it got. `node tools/kube-api-fake.mjs [PORT]` runs it alone.
 */

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Paths of the CA that signed the server's certificate, and of one that did not. */
export const CA = here('kube-api-fake/ca.pem');
export const OTHER_CA = here('kube-api-fake/other-ca.pem');

const PATCH_TYPE = 'application/strategic-merge-patch+json';
const ANNOTATION = 'kubectl.kubernetes.io/restartedAt';
const ONE_DEPLOYMENT = /^\/apis\/apps\/v1\/namespaces\/([a-z0-9-]+)\/deployments\/([a-z0-9.-]+)$/;
const BODY_BYTES_MAX = 64 * 1024;
const REASONS = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  415: 'UnsupportedMediaType',
};

/** What is in the cluster. The token's account may patch in `web`, and nowhere else. */
const CLUSTER = { web: ['webapp', 'payments'], 'kube-system': ['coredns'] };

/**
 * Starts it.
 *
 * @param {{ port?: number, intercept?: (request: object) => { status: number, headers?: object, body?: string } | undefined }} [options] -
 *   `port`: 0, the default, is a free one. `intercept`: answers in place of the API, for servers that behave badly.
 * @returns {Promise<{ url: string, token: string, requests: object[], close: () => Promise<void> }>} `url` without a path; `requests` grows by
 *   `{method, url, headers, body}` of each request, the body as text.
 */
export async function startKubeApi({ port = 0, intercept = () => undefined } = {}) {
  const token = randomBytes(24).toString('base64url');
  const cluster = newCluster();
  const requests = [];
  const server = createServer(
    { cert: readFileSync(here('kube-api-fake/server.pem')), key: readFileSync(here('kube-api-fake/server-key.pem')) },
    async (incoming, response) => {
      const { method, url, headers } = incoming;
      const request = { method, url, headers, body: await textOf(incoming) };
      requests.push(request);
      const answer = intercept(request) ?? answerTo(request, { token, cluster });
      response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers }).end(answer.body ?? '');
    },
  );
  await new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  const close = () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return { url: `https://127.0.0.1:${server.address().port}`, token, requests, close };
}

function newCluster() {
  const cluster = new Map();
  for (const [namespace, names] of Object.entries(CLUSTER)) {
    for (const name of names) cluster.set(`${namespace}/${name}`, newDeployment(namespace, name));
  }
  return cluster;
}

function newDeployment(namespace, name) {
  return {
    kind: 'Deployment',
    apiVersion: 'apps/v1',
    metadata: { name, namespace, resourceVersion: '4241', generation: 6 },
    spec: { replicas: 2, template: { metadata: { labels: { app: name }, annotations: {} } } },
  };
}

async function textOf(incoming) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of incoming) {
    bytes += chunk.length;
    if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** In the order of a real one: who asks, whether they may, whether it is there, whether it makes sense. */
function answerTo({ method, url, headers, body }, { token, cluster }) {
  if (headers.authorization !== `Bearer ${token}`) return failure(401, 'Unauthorized');
  const { pathname, searchParams } = new URL(url, 'https://127.0.0.1');
  const [, namespace, name] = ONE_DEPLOYMENT.exec(pathname) ?? [];
  if (namespace === undefined) return failure(404, 'the server could not find the requested resource');
  if (method !== 'PATCH') return failure(405, 'the server does not allow this method on the requested resource');
  if (namespace !== 'web') {
    const who = 'User "system:serviceaccount:web:kubesleuth" cannot patch resource "deployments"';
    return failure(403, `deployments.apps "${name}" is forbidden: ${who} in API group "apps" in the namespace "${namespace}"`);
  }
  const deployment = cluster.get(`${namespace}/${name}`);
  if (deployment === undefined) return failure(404, `deployments.apps "${name}" not found`);
  if (headers['content-type'] !== PATCH_TYPE) return failure(415, `the body of the request was in an unknown format`);
  const time = restartTimeOf(body);
  if (time === undefined) return failure(400, 'the patch is not a restart');
  return success(restart(deployment, time, searchParams.get('fieldManager') ?? 'unknown'));
}

/** The time in a patch that changes this and nothing else. */
function restartTimeOf(body) {
  try {
    const time = JSON.parse(body).spec.template.metadata.annotations[ANNOTATION];
    const whole = JSON.stringify({ spec: { template: { metadata: { annotations: { [ANNOTATION]: time } } } } });
    return typeof time === 'string' && body === whole ? time : undefined;
  } catch {
    return undefined;
  }
}

/** A change of the template makes a new generation; the same time again is no change. */
function restart(deployment, time, manager) {
  const { metadata, spec } = deployment;
  if (spec.template.metadata.annotations[ANNOTATION] !== time) {
    spec.template.metadata.annotations[ANNOTATION] = time;
    metadata.generation += 1;
    metadata.resourceVersion = String(Number(metadata.resourceVersion) + 1);
    metadata.managedFields = [{ manager, operation: 'Update', apiVersion: 'apps/v1' }];
  }
  return deployment;
}

function success(object) {
  return { status: 200, body: JSON.stringify(object) };
}

function failure(code, message) {
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason: REASONS[code], code };
  return { status: code, body: JSON.stringify(status) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url, token } = await startKubeApi({ port: Number(process.argv[2] ?? 6443) });
  console.log(`${url}, CA ${CA}\nexport KUBE_TOKEN=${token}`);
}

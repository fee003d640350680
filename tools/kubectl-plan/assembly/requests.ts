/**
 * The request for each verb, as kubectl sends it.
 *
 * All that comes of the caller's here was checked: names and the time by their form, so they stand as they are; a command
 * only by its length and for NUL, so it is encoded.
 * Source: https://kubernetes.io/docs/reference/using-api/api-concepts/ and `kubectl -v=8`.
 */

import { Action } from './action';
import { ApiRequest, Method } from './bindings/exports/kubectl-plan';
import { jsonList, percentEncoded } from './text';
import { EXEC, Kind, LOGS, REMOVE, RESTART, SCALE } from './vocabulary';

/** The request for an action that was checked and has this kind. */
export function requestFor(action: Action, verb: u32, kind: Kind): ApiRequest {
  const all = kind.api + '/namespaces/' + action.namespace + '/' + kind.all;
  const place = ' in namespace ' + action.namespace;
  const name = action.name;
  if (name === null) return read(all, 'list ' + kind.all + place);
  const one = all + '/' + name;
  const object = kind.one + '/' + name + place;
  if (verb == LOGS) return read(one + '/log', 'read the log of ' + object);
  if (verb == RESTART) return restart(action.restartedAt, one, object);
  if (verb == SCALE) return scale(action.replicas, one, object);
  if (verb == REMOVE) return remove(one, object);
  if (verb == EXEC) return exec(action.command, one, object);
  return read(one, 'read ' + object);
}

function read(path: string, summary: string): ApiRequest {
  return new ApiRequest(Method.Get, path, null, null, summary);
}

/** A changed annotation of the pod template is what makes the controller replace its pods. */
function restart(time: string | null, path: string, object: string): ApiRequest {
  const annotations = '{"kubectl.kubernetes.io/restartedAt":"' + time! + '"}';
  const body = '{"spec":{"template":{"metadata":{"annotations":' + annotations + '}}}}';
  return new ApiRequest(Method.Patch, path, 'application/strategic-merge-patch+json', body, 'restart ' + object);
}

function scale(replicas: i64, path: string, object: string): ApiRequest {
  const count = replicas.toString();
  const summary = 'scale ' + object + ' to ' + count + (replicas == 1 ? ' replica' : ' replicas');
  const body = '{"spec":{"replicas":' + count + '}}';
  return new ApiRequest(Method.Patch, path + '/scale', 'application/merge-patch+json', body, summary);
}

/** What the object owns goes, too, after it. */
function remove(path: string, object: string): ApiRequest {
  const body = '{"apiVersion":"v1","kind":"DeleteOptions","propagationPolicy":"Background"}';
  return new ApiRequest(Method.Delete, path, 'application/json', body, 'delete ' + object);
}

/** Whoever sends it asks for an upgrade of the connection, over which both outputs come. No input, no terminal. */
function exec(command: string[] | null, path: string, object: string): ApiRequest {
  const words = command!;
  const query = words.map<string>((word) => 'command=' + percentEncoded(word)).join('&') + '&stderr=true&stdout=true';
  return new ApiRequest(Method.Post, path + '/exec?' + query, null, null, 'run ' + jsonList(words) + ' in ' + object);
}

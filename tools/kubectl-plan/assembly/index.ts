/** The tool's one function. `export-names.mjs` gives it the name that the component model asks for. */

import { cabi_realloc, liftString, liftStrings, Writer } from './abi';
import { Action, WORDS_MAX } from './action';
import { ApiRequest, Refusal } from './answer';
import { requestFor } from './requests';

export { cabi_realloc };

/** Size of the result by the Canonical ABI, in bytes. */
const RESULT_BYTES: usize = 48;

/**
 * Core signature of `plan: func(verb: string, target: string, namespace: string, command: option<list<string>>,
 * replicas: option<u32>, restarted-at: option<string>) -> result<api-request, plan-error>`.
 */
export function plan(
  verb: usize,
  verbUnits: usize,
  target: usize,
  targetUnits: usize,
  namespace: usize,
  namespaceUnits: usize,
  commandGiven: i32,
  command: usize,
  commandLength: u32,
  replicasGiven: i32,
  replicas: u32,
  restartedAtGiven: i32,
  restartedAt: usize,
  restartedAtUnits: usize,
): usize {
  const action = new Action(
    liftString(verb, verbUnits),
    liftString(target, targetUnits),
    liftString(namespace, namespaceUnits),
    commandGiven == 0 ? null : liftStrings(command, commandLength, WORDS_MAX + 1),
    replicasGiven == 0 ? -1 : <i64>replicas,
    restartedAtGiven == 0 ? null : liftString(restartedAt, restartedAtUnits),
  );
  const refusal = action.check();
  return refusal === null ? succeed(requestFor(action, action.verb!.bit, action.kind!)) : fail(refusal);
}

function fail(refusal: Refusal): usize {
  const out = Writer.over(RESULT_BYTES);
  const start = out.pointer;
  out.u32(1);
  out.u32(refusal.kind);
  const known = refusal.known;
  if (known === null) out.u32(refusal.detail);
  else out.strings(known);
  return start;
}

/** The fields of `api-request`, in the order of the WIT. */
function succeed(request: ApiRequest): usize {
  const out = Writer.over(RESULT_BYTES);
  const start = out.pointer;
  out.u32(0);
  out.u32(request.method);
  out.string(request.path);
  out.optionString(request.contentType);
  out.optionString(request.body);
  out.string(request.summary);
  return start;
}

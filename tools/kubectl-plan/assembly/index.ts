/** The tool's one function, as its WIT has it. */

import { Action, WORDS_MAX } from './action';
import {
  ApiRequest as Planned,
  BAD_COMMAND,
  BAD_NAME,
  BAD_NAMESPACE,
  MISSING,
  Refusal,
  TOO_MANY_REPLICAS,
  UNKNOWN_TARGET,
  UNKNOWN_VERB,
  UNWANTED,
} from './answer';
import {
  ApiRequest,
  CommandFault,
  KubectlPlanGuest,
  Method,
  NameFault,
  Parameter,
  PlanError,
} from './bindings/exports/kubectl-plan';
import { Option, Result } from './bindings/values';
import { requestFor } from './requests';

export class KubectlPlan implements KubectlPlanGuest {
  plan(
    verb: string,
    target: string,
    namespace: string,
    command: Array<string> | null,
    replicas: Option<u32>,
    restartedAt: string | null,
  ): Result<ApiRequest, PlanError> {
    const action = new Action(
      verb,
      target,
      namespace,
      command === null ? null : command.slice(0, WORDS_MAX + 1),
      replicas.isNone ? -1 : <i64>replicas.value,
      restartedAt,
    );
    const refusal = action.check();
    if (refusal !== null) return Result.err<ApiRequest, PlanError>(errorOf(refusal));
    return Result.ok<ApiRequest, PlanError>(answerOf(requestFor(action, action.verb!.bit, action.kind!)));
  }
}

function answerOf(request: Planned): ApiRequest {
  return new ApiRequest(<Method>request.method, request.path, request.contentType, request.body, request.summary);
}

/** The faults, methods and parameters of a refusal are numbered as the WIT orders them. */
function errorOf(refusal: Refusal): PlanError {
  const detail = refusal.detail;
  const known = refusal.known;
  switch (refusal.kind) {
    case UNKNOWN_VERB:
      return PlanError.unknownVerb(known === null ? [] : known);
    case UNKNOWN_TARGET:
      return PlanError.unknownTarget(known === null ? [] : known);
    case BAD_NAME:
      return PlanError.badName(<NameFault>detail);
    case BAD_NAMESPACE:
      return PlanError.badNamespace(<NameFault>detail);
    case MISSING:
      return PlanError.missing(<Parameter>detail);
    case UNWANTED:
      return PlanError.unwanted(<Parameter>detail);
    case BAD_COMMAND:
      return PlanError.badCommand(<CommandFault>detail);
    case TOO_MANY_REPLICAS:
      return PlanError.tooManyReplicas(detail);
    default:
      return PlanError.badTime();
  }
}

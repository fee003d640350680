/** The tool's one function, as its WIT has it. */

import { Action, WORDS_MAX } from './action';
import { ApiRequest, KubectlPlanGuest, PlanError } from './bindings/exports/kubectl-plan';
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
    if (refusal !== null) return Result.err<ApiRequest, PlanError>(refusal);
    return Result.ok<ApiRequest, PlanError>(requestFor(action, action.verb!.bit, action.kind!));
  }
}

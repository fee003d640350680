/**
 * The runtime: runs a component's function in a fresh cell, without knowing about agents or rules.
 *
 * ```ts
 * import { decodeComponent, Runtime } from 'cellblock/runtime';
 *
 * const runtime = new Runtime();
 * const call = await runtime.prepare(decodeComponent(bytes), { function: 'greet' });
 * const outcome = await runtime.invoke(call, ['world']);
 * await runtime.close();
 * ```
 */

export { defaultCacheDirectory } from './artifact-cache.ts';
export { bareObject } from './bare-object.ts';
export type { BindingsName } from './bindings/bindings.ts';
export { type BindingsChoice, type ChosenBindings, checkBindingsChoice, chooseBindings } from './bindings/choose.ts';
export { JCO_VERSION } from './bindings/jco-version.ts';
export { coreModuleIndex } from './bindings/own/link-plan.ts';
export type { HostCall, HostCallTap, TappedAnswer } from './cell/bridge.ts';
export type { InvokeOptions } from './cell/call.ts';
export { errorInfo, failure } from './cell/call-outcome.ts';
export { HOST_ROW, MODULE_STEP, type ProfileReport, type ProfileRow } from './cell/call-profile.ts';
export {
  type Capability,
  type HostCallContext,
  type HostFunction,
  type ResolvedImports,
  resolveImports,
  type Signatures,
  serves,
  withoutVersion,
} from './cell/grants.ts';
export type { CreateCapability, LocalContext } from './cell/import-serving.ts';
export type { WasiSetup } from './cell/plan.ts';
export type { ProfiledCall } from './cell/profile-channel.ts';
export { threadsOf } from './cell/thread-workers.ts';
export { CODES, type Code, type CodeKind, EXIT_CODES, kindOf, type OutcomeKind } from './codes.ts';
export { decodeComponent } from './component/decode.ts';
export { type CallableFunction, findFunctions, resolveFunction } from './component/functions.ts';
export { signatureOf } from './component/signature.ts';
export { partsOf } from './component/type-facts.ts';
export type * from './component/types.ts';
export { declarationsToWit, functionToWit, typeToWit } from './component/wit-text.ts';
export { CodedError, type ErrorData, isCoded } from './error.ts';
export {
  COST_MODELS,
  type CostModel,
  type CostModelName,
  checkCostModel,
  createMeter,
  INSTRUMENT_DEFAULTS,
  type InstrumentedModule,
  type InstrumentOptions,
  instrument,
  METER_EXPORTS,
  type Meter,
  type MeterBudget,
} from './instrument/index.ts';
export { DEFAULT_LIMITS, LIMIT_CEILINGS, type Limits, WASM_PAGE_BYTES } from './limits.ts';
export type { Captured, CellOutcome, ErrorInfo, LogLine, PhaseTimes, Usage } from './outcome.ts';
export { ProcessRunner, type ProcessRunnerOptions } from './runner/process-runner.ts';
export type { RunnerEvent } from './runner/runner-process.ts';
export type { ArtifactReport, Isolation, LoadedComponent, PlanOptions, PreparedCall, Runner } from './runner.ts';
export { type ProfiledPlan, Runtime, type RuntimeOptions } from './runtime.ts';
export { demangle } from './symbols/demangle.ts';
export { type FunctionNames, functionNames } from './symbols/function-names.ts';
export type { StackFrame } from './symbols/guest-stack.ts';
export * from './value/index.ts';
export { BACK_FUNCTIONS, type BackName, FILES_BACK, HTTP_BACK, TRACE_BACK } from './wasi/back.ts';
export { type FilesSetup, isMet } from './wasi/index.ts';

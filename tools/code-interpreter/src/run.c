/* The function of the tool. */
#include "interpreter.h"
#include <stdlib.h>

static JSRuntime *runtime;
static JSContext *context;

/* Runs when an instance starts. Nothing here depends on the call, so a host can do it ahead. */
__attribute__((constructor)) static void prepare(void) {
  runtime = JS_NewRuntime2(&heap_functions, NULL);
  context = runtime == NULL ? NULL : JS_NewContext(runtime);
  if (context == NULL) abort();
  /* `Atomics.wait` would wait for ever. */
  JS_SetCanBlock(runtime, false);
  rejections_watch(runtime);
  JSValue global = JS_GetGlobalObject(context);
  console_add(context, global);
  tools_add(context, global);
  time_add(context, global);
  JS_FreeValue(context, global);
}

static bool set_input(const options_t *options, problem_t *problem) {
  JSValue input = JS_UNDEFINED;
  if (options->input.is_some) {
    text_t json = text_of_bytes((const char *)options->input.val.ptr, options->input.val.len, SIZE_MAX);
    input = json.ptr == NULL ? JS_ThrowOutOfMemory(context) : JS_ParseJSON(context, (const char *)json.ptr, json.len, "input");
    free(json.ptr);
  }
  if (JS_IsException(input)) {
    *problem = problem_of_exception(context, false);
    if (problem->tag != PROBLEM(UNCAUGHT)) return false;
    *problem = (problem_t){ .tag = PROBLEM(BAD_INPUT), .val.bad_input = problem->val.uncaught.message };
    return false;
  }
  JSValue global = JS_GetGlobalObject(context);
  define(context, global, "input", input);
  JS_FreeValue(context, global);
  return true;
}

/* The value's JSON. Takes the value. */
static bool report_value(JSValue value, maybe_text_t *result, problem_t *problem) {
  *result = (maybe_text_t){ .is_some = false };
  if (JS_IsUndefined(value)) return true;
  JSValue json = JS_JSONStringify(context, value, JS_UNDEFINED, JS_UNDEFINED);
  if (JS_IsException(json)) {
    *problem = problem_of_exception(context, false);
    if (problem->tag != PROBLEM(UNCAUGHT)) return false;
    *problem = (problem_t){ .tag = PROBLEM(NOT_JSON), .val.not_json = problem->val.uncaught.message };
    return false;
  }
  if (!JS_IsString(json)) {
    *problem = (problem_t){ .tag = PROBLEM(NOT_JSON), .val.not_json = text_of_cstring("a function or a symbol has no JSON") };
    return false;
  }
  size_t length;
  const char *bytes = JS_ToCStringLen(context, &length, json);
  if (bytes == NULL) {
    *problem = problem_of_exception(context, false);
    return false;
  }
  if (length > RESULT_BYTES_MAX) {
    *problem = (problem_t){ .tag = PROBLEM(RESULT_TOO_LARGE), .val.result_too_large = RESULT_BYTES_MAX };
    return false;
  }
  *result = (maybe_text_t){ .is_some = true, .val = text_of_bytes(bytes, length, RESULT_BYTES_MAX) };
  return true;
}

static bool run(const text_t *source, const options_t *options, maybe_text_t *result, problem_t *problem) {
  if (source->len == 0) *problem = (problem_t){ .tag = PROBLEM(EMPTY) };
  else if (source->len > SOURCE_BYTES_MAX) *problem = (problem_t){ .tag = PROBLEM(TOO_LONG), .val.too_long = SOURCE_BYTES_MAX };
  else {
    JSValue value;
    time_begin(options->now.is_some ? options->now.val : 0, options->seed.is_some ? options->seed.val : 0);
    /* From here down: when the engine was made, the stack may have been at another place. */
    JS_UpdateStackTop(runtime);
    JS_SetMaxStackSize(runtime, STACK_BYTES_MAX);
    return set_input(options, problem) && evaluate(context, source, &value, problem) && report_value(value, result, problem);
  }
  return false;
}

bool exports_cellblock_samples_code_interpreter_run(text_t *source, options_t *options, report_t *report, failure_t *failure) {
  maybe_text_t value;
  problem_t problem;
  if (run(source, options, &value, &problem)) {
    /* A getter or `toJSON` may have called more tools after the last check. */
    if (!tools_exceeded()) {
      *report = (report_t){ value, console_take(), tools_called() };
      return true;
    }
    problem = (problem_t){ .tag = PROBLEM(TOO_MANY_TOOL_CALLS), .val.too_many_tool_calls = TOOL_CALLS_MAX };
  }
  *failure = (failure_t){ problem, console_take(), tools_called() };
  return false;
}

/* Runs a snippet to the end of everything that it began. */
#include "interpreter.h"
#include <stdlib.h>
#include <string.h>

static const char FILE_NAME[] = "snippet";
static const int SCRIPT = JS_EVAL_TYPE_GLOBAL | JS_EVAL_FLAG_ASYNC | JS_EVAL_FLAG_COMPILE_ONLY;

static JSValue compile(JSContext *ctx, const char *source, size_t length, int first_line) {
  JSEvalOptions options = { JS_EVAL_OPTIONS_VERSION, SCRIPT, FILE_NAME, first_line };
  return JS_Eval2(ctx, source, length, &options);
}

/* `return` is no part of a script, but models write it: then the source is taken for the body of a function. It begins two
 * lines above the first one (0 would mean 1 to the engine), so that lines are those of the snippet. */
static JSValue compile_as_body(JSContext *ctx, const text_t *source) {
  static const char BEFORE[] = "(async () => {\n\n", AFTER[] = "\n})()";
  size_t length = sizeof BEFORE - 1 + source->len + sizeof AFTER - 1;
  char *body = malloc(length + 1);
  if (body == NULL) return JS_ThrowOutOfMemory(ctx);
  memcpy(body, BEFORE, sizeof BEFORE - 1);
  memcpy(body + sizeof BEFORE - 1, source->ptr, source->len);
  memcpy(body + sizeof BEFORE - 1 + source->len, AFTER, sizeof AFTER);
  JSValue script = compile(ctx, body, length, -1);
  free(body);
  return script;
}

static JSValue compile_snippet(JSContext *ctx, const text_t *source) {
  char *text = malloc(source->len + 1);
  if (text == NULL) return JS_ThrowOutOfMemory(ctx);
  memcpy(text, source->ptr, source->len);
  text[source->len] = 0;
  JSValue script = compile(ctx, text, source->len, 1);
  free(text);
  if (!JS_IsException(script)) return script;
  JSValue error = JS_GetException(ctx);
  text_t message = text_of_property(ctx, error, "message", "");
  bool has_return = message.ptr != NULL && strstr((char *)message.ptr, "return not in a function") != NULL;
  free(message.ptr);
  if (!has_return) return JS_Throw(ctx, error);
  JS_FreeValue(ctx, error);
  return compile_as_body(ctx, source);
}

/* Runs jobs and timers until none is left. */
static bool drain(JSContext *ctx, problem_t *problem) {
  JSRuntime *rt = JS_GetRuntime(ctx);
  for (uint32_t jobs = 0;; jobs++) {
    JSContext *job_context;
    bool thrown;
    if (JS_IsJobPending(rt)) {
      thrown = JS_ExecutePendingJob(rt, &job_context) < 0;
    } else {
      JSValue callback = time_take_due(ctx);
      if (JS_IsUndefined(callback)) return true;
      JSValue ignored = JS_Call(ctx, callback, JS_UNDEFINED, 0, NULL);
      JS_FreeValue(ctx, callback);
      thrown = JS_IsException(ignored);
      JS_FreeValue(ctx, ignored);
    }
    if (thrown || tools_exceeded()) {
      *problem = problem_of_exception(ctx, false);
      return false;
    }
    if (jobs == JOBS_MAX) {
      *problem = (problem_t){ .tag = PROBLEM(TOO_MANY_JOBS), .val.too_many_jobs = JOBS_MAX };
      return false;
    }
  }
}

/* What a promise was fulfilled with, once all jobs ran. Takes the promise; anything else is its own value. */
static bool settle(JSContext *ctx, JSValue promise, JSValue *value, problem_t *problem) {
  *value = promise;
  switch (JS_PromiseState(ctx, promise)) {
    case JS_PROMISE_NOT_A_PROMISE:
      return true;
    case JS_PROMISE_PENDING:
      *problem = (problem_t){ .tag = PROBLEM(NEVER_SETTLES) };
      return false;
    case JS_PROMISE_REJECTED:
      *problem = problem_of_thrown(ctx, JS_PromiseResult(ctx, promise), false);
      return false;
    case JS_PROMISE_FULFILLED:
      *value = JS_PromiseResult(ctx, promise);
      return true;
  }
  return false;
}

bool evaluate(JSContext *ctx, const text_t *source, JSValue *value, problem_t *problem) {
  JSValue script = compile_snippet(ctx, source);
  if (JS_IsException(script)) {
    *problem = problem_of_exception(ctx, true);
    return false;
  }
  JSValue promise = JS_EvalFunction(ctx, script);
  if (JS_IsException(promise)) {
    *problem = problem_of_exception(ctx, false);
    return false;
  }
  JSValue completion;
  if (!drain(ctx, problem) || !settle(ctx, promise, &completion, problem)) return false;
  /* The engine wraps the script's value, so that one that is a promise stays one; it has no prototype that the snippet could change. */
  JSValue last = JS_GetPropertyStr(ctx, completion, "value");
  if (!settle(ctx, last, value, problem)) return false;
  JSValue forgotten = rejections_first(ctx);
  if (JS_IsUninitialized(forgotten)) return true;
  *problem = problem_of_thrown(ctx, forgotten, false);
  return false;
}

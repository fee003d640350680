/* Says what went wrong, in the words of the interface. */
#include "interpreter.h"
#include <stdlib.h>
#include <string.h>

static bool says(JSContext *ctx, JSValueConst error, const char *name, const char *message) {
  text_t found_name = text_of_property(ctx, error, "name", "");
  text_t found = text_of_property(ctx, error, "message", "");
  bool same = found_name.ptr != NULL && found.ptr != NULL && strcmp((char *)found_name.ptr, name) == 0 &&
              strncmp((char *)found.ptr, message, strlen(message)) == 0;
  free(found_name.ptr);
  free(found.ptr);
  return same;
}

/* Lines of a stack without the indent. */
static texts_t stack_of(JSContext *ctx, JSValueConst error) {
  text_t stack = text_of_property(ctx, error, "stack", "");
  texts_t lines = { malloc(STACK_LINES_MAX * sizeof *lines.ptr), 0 };
  char *rest = (char *)stack.ptr;
  while (lines.ptr != NULL && rest != NULL && *rest != 0 && lines.len < STACK_LINES_MAX) {
    rest += strspn(rest, " ");
    size_t length = strcspn(rest, "\n");
    if (length > 0) lines.ptr[lines.len++] = text_of_bytes(rest, length, MESSAGE_BYTES_MAX);
    rest += length + (rest[length] == '\n');
  }
  free(stack.ptr);
  return lines;
}

/* The first place that a stack names: `at snippet:2:7`. */
static bool place_of(texts_t stack, uint32_t *line, uint32_t *column) {
  if (stack.len == 0) return false;
  const char *colon = strchr((char *)stack.ptr[0].ptr, ':');
  if (colon == NULL) return false;
  char *end;
  *line = (uint32_t)strtoul(colon + 1, &end, 10);
  *column = *end == ':' ? (uint32_t)strtoul(end + 1, NULL, 10) : 1;
  return *line > 0;
}

static problem_t syntax_problem(JSContext *ctx, JSValueConst error) {
  problem_t problem = { .tag = PROBLEM(SYNTAX) };
  problem.val.syntax.message = text_of_property(ctx, error, "message", "");
  problem.val.syntax.at.is_some = place_of(stack_of(ctx, error), &problem.val.syntax.at.val.line, &problem.val.syntax.at.val.column);
  return problem;
}

static problem_t tool_problem(const char *tool, const tool_failure_t *failure) {
  problem_t problem = { .tag = PROBLEM(TOOL) };
  problem.val.tool.tool = text_of_cstring(tool);
  problem.val.tool.outcome = failure->outcome;
  problem.val.tool.code = failure->code;
  problem.val.tool.message = failure->message;
  problem.val.tool.value = failure->value;
  return problem;
}

static const char *type_of(JSContext *ctx, JSValueConst value) {
  if (JS_IsUndefined(value)) return "undefined";
  if (JS_IsFunction(ctx, value)) return "function";
  if (JS_IsString(value)) return "string";
  if (JS_IsNumber(value)) return "number";
  if (JS_IsBool(value)) return "boolean";
  if (JS_IsSymbol(value)) return "symbol";
  if (JS_IsBigInt(value)) return "bigint";
  return "object";
}

static problem_t uncaught_problem(JSContext *ctx, JSValueConst thrown) {
  problem_t problem = { .tag = PROBLEM(UNCAUGHT) };
  bool is_error = JS_IsError(thrown);
  problem.val.uncaught.name =
      is_error ? text_of_property(ctx, thrown, "name", "Error") : text_of_cstring(type_of(ctx, thrown));
  problem.val.uncaught.message =
      is_error ? text_of_property(ctx, thrown, "message", "") : text_of_value(ctx, thrown, MESSAGE_BYTES_MAX);
  problem.val.uncaught.stack = is_error ? stack_of(ctx, thrown) : (texts_t){ NULL, 0 };
  return problem;
}

problem_t problem_of_thrown(JSContext *ctx, JSValue thrown, bool parsing) {
  const char *tool;
  const tool_failure_t *failure = tools_failure_of(thrown, &tool);
  if (tools_exceeded()) return (problem_t){ .tag = PROBLEM(TOO_MANY_TOOL_CALLS), .val.too_many_tool_calls = TOOL_CALLS_MAX };
  if (failure != NULL) return tool_problem(tool, failure);
  /* With no memory even for the error, QuickJS throws `null`. */
  bool was_full = heap_was_full();
  heap_open_reserve();
  if (was_full && (JS_IsNull(thrown) || says(ctx, thrown, "InternalError", "out of memory")))
    return (problem_t){ .tag = PROBLEM(OUT_OF_MEMORY), .val.out_of_memory = HEAP_BYTES_MAX };
  if (JS_IsError(thrown)) {
    if (says(ctx, thrown, "RangeError", "Maximum call stack size exceeded") || (parsing && says(ctx, thrown, "SyntaxError", "stack overflow")))
      return (problem_t){ .tag = PROBLEM(STACK_OVERFLOW) };
    if (parsing) return syntax_problem(ctx, thrown);
  }
  return uncaught_problem(ctx, thrown);
}

problem_t problem_of_exception(JSContext *ctx, bool parsing) { return problem_of_thrown(ctx, JS_GetException(ctx), parsing); }

/* `tools` and `tool`: other tools, by way of the host, which decides on each call.
 *
 * `tools` is a function whose properties are functions, too: `tools.redact` stands for the tool `redact`, `tools.redact.text` for one
 * function of it. No list of names is in here. What is granted is for the host to say. */
#include "interpreter.h"
#include <stdlib.h>
#include <string.h>

typedef struct {
  JSValue thrown;
  char *tool;
  tool_failure_t failure;
} failed_call_t;

static JSClassID tool_class;
static failed_call_t failed[TOOL_CALLS_MAX];
static uint32_t failed_count;
static uint32_t called;
static bool exceeded;

uint32_t tools_called(void) { return called; }

bool tools_exceeded(void) { return exceeded; }

const tool_failure_t *tools_failure_of(JSValueConst thrown, const char **tool) {
  if (!JS_IsObject(thrown)) return NULL;
  for (uint32_t index = 0; index < failed_count; index++) {
    if (JS_VALUE_GET_PTR(failed[index].thrown) != JS_VALUE_GET_PTR(thrown)) continue;
    *tool = failed[index].tool;
    return &failed[index].failure;
  }
  return NULL;
}

static text_t text_of_js(JSContext *ctx, JSValueConst value) {
  size_t length;
  const char *bytes = JS_ToCStringLen(ctx, &length, value);
  if (bytes == NULL) return (text_t){ NULL, 0 };
  text_t text = text_of_bytes(bytes, length, SIZE_MAX);
  JS_FreeCString(ctx, bytes);
  if (text.ptr == NULL) JS_ThrowOutOfMemory(ctx);
  return text;
}

static JSValue string_of(JSContext *ctx, text_t text) { return JS_NewStringLen(ctx, (const char *)text.ptr, text.len); }

/* The host's text as a value. It has no byte 0 at its end, which the parser wants. */
static JSValue parse(JSContext *ctx, text_t json) {
  text_t copy = text_of_bytes((const char *)json.ptr, json.len, SIZE_MAX);
  if (copy.ptr == NULL) return JS_ThrowOutOfMemory(ctx);
  JSValue value = JS_ParseJSON(ctx, (const char *)copy.ptr, copy.len, "answer");
  free(copy.ptr);
  return value;
}

/* Takes the failure. The snippet sees copies of it; the report is made from what is kept here. */
static JSValue throw_failure(JSContext *ctx, const char *tool, tool_failure_t failure) {
  JS_ThrowPlainError(ctx, "`%s`: %.*s (%.*s)", tool, (int)failure.message.len, failure.message.ptr, (int)failure.code.len,
                     failure.code.ptr);
  JSValue error = JS_GetException(ctx);
  if (JS_IsError(error)) {
    define(ctx, error, "name", JS_NewString(ctx, "ToolError"));
    define(ctx, error, "tool", JS_NewString(ctx, tool));
    define(ctx, error, "outcome", string_of(ctx, failure.outcome));
    define(ctx, error, "code", string_of(ctx, failure.code));
    if (failure.value.is_some) define(ctx, error, "value", parse(ctx, failure.value.val));
    failed[failed_count++] = (failed_call_t){ JS_DupValue(ctx, error), strdup(tool), failure };
  }
  return JS_Throw(ctx, error);
}

static JSValue throw_exceeded(JSContext *ctx) {
  exceeded = true;
  JS_ThrowInternalError(ctx, "more than %d calls of tools", TOOL_CALLS_MAX);
  JSValue error = JS_GetException(ctx);
  if (JS_IsError(error)) JS_SetUncatchableError(ctx, error);
  return JS_Throw(ctx, error);
}

static JSValue call_host(JSContext *ctx, const char *tool, text_t parameters, text_t *justification) {
  if (called == TOOL_CALLS_MAX) return throw_exceeded(ctx);
  called++;
  text_t name = { (uint8_t *)tool, strlen(tool) };
  text_t answer;
  tool_failure_t failure;
  if (!cellblock_host_tools_call(&name, &parameters, justification, &answer, &failure)) return throw_failure(ctx, tool, failure);
  JSValue value = parse(ctx, answer);
  free(answer.ptr);
  return value;
}

/* Calls a tool with arguments of the snippet: parameters and, where given, why. */
static JSValue call_tool(JSContext *ctx, const char *tool, int argc, JSValueConst *argv) {
  JSValue json = argc == 0 || JS_IsUndefined(argv[0]) ? JS_NewString(ctx, "{}")
                                                       : JS_JSONStringify(ctx, argv[0], JS_UNDEFINED, JS_UNDEFINED);
  if (JS_IsException(json)) return json;
  if (!JS_IsString(json)) {
    JS_FreeValue(ctx, json);
    return JS_ThrowTypeError(ctx, "the parameters of `%s` have no JSON", tool);
  }
  text_t parameters = text_of_js(ctx, json);
  JS_FreeValue(ctx, json);
  if (parameters.ptr == NULL) return JS_EXCEPTION;
  text_t why = { NULL, 0 };
  bool has_why = argc > 1 && !JS_IsUndefined(argv[1]);
  if (has_why) why = text_of_js(ctx, argv[1]);
  JSValue answer = has_why && why.ptr == NULL ? JS_EXCEPTION : call_host(ctx, tool, parameters, has_why ? &why : NULL);
  free(parameters.ptr);
  free(why.ptr);
  return answer;
}

/* Names are texts of C from here on: one that has a byte 0 would become another one. */
static bool is_name(const char *bytes, size_t length) { return length > 0 && strlen(bytes) == length; }

static JSValue throw_no_name(JSContext *ctx) { return JS_ThrowTypeError(ctx, "this is no name of a tool"); }

static JSValue tool_call(JSContext *ctx, JSValueConst function, JSValueConst this_value, int argc, JSValueConst *argv, int flags) {
  const char *name = JS_GetOpaque(function, tool_class);
  if (*name != 0) return call_tool(ctx, name, argc, argv);
  /* `tool` itself takes the name first. */
  if (argc == 0 || !JS_IsString(argv[0])) return JS_ThrowTypeError(ctx, "the first argument must be the name of a tool");
  text_t given = text_of_js(ctx, argv[0]);
  if (given.ptr == NULL) return JS_EXCEPTION;
  JSValue answer = is_name((const char *)given.ptr, given.len) ? call_tool(ctx, (const char *)given.ptr, argc - 1, argv + 1)
                                                               : throw_no_name(ctx);
  free(given.ptr);
  return answer;
}

/* A function for one name, which it takes. */
static JSValue new_tool(JSContext *ctx, char *name) {
  JSValue tool = name == NULL ? JS_ThrowOutOfMemory(ctx) : JS_NewObjectClass(ctx, (int)tool_class);
  if (JS_IsException(tool)) free(name);
  else JS_SetOpaque(tool, name);
  return tool;
}

static char *joined(const char *name, const char *part) {
  size_t length = strlen(name) + strlen(part) + 2;
  char *both = malloc(length);
  if (both == NULL) return NULL;
  strcpy(both, name);
  if (*name != 0) strcat(both, ".");
  return strcat(both, part);
}

/* What functions have by themselves stays theirs; every other name is one of a tool. `then` and `toJSON` are not, so that `await` and
 * JSON take such a function for a plain one. */
static JSValue tool_get(JSContext *ctx, JSValueConst object, JSAtom property, JSValueConst receiver) {
  JSValue prototype = JS_GetClassProto(ctx, tool_class);
  int inherited = JS_HasProperty(ctx, prototype, property);
  JSValue found = inherited < 0 ? JS_EXCEPTION : inherited ? JS_GetProperty(ctx, prototype, property) : JS_UNDEFINED;
  JS_FreeValue(ctx, prototype);
  if (inherited != 0) return found;
  JSValue key = JS_AtomToValue(ctx, property);
  bool is_text = JS_IsString(key);
  JS_FreeValue(ctx, key);
  if (!is_text) return JS_UNDEFINED;
  size_t length;
  const char *part = JS_AtomToCStringLen(ctx, &length, property);
  if (part == NULL) return JS_EXCEPTION;
  if (!is_name(part, length)) found = throw_no_name(ctx);
  else if (strcmp(part, "then") != 0 && strcmp(part, "toJSON") != 0)
    found = new_tool(ctx, joined(JS_GetOpaque(object, tool_class), part));
  JS_FreeCString(ctx, part);
  return found;
}

static void tool_finalize(JSRuntime *rt, JSValueConst tool) { free(JS_GetOpaque(tool, tool_class)); }

void tools_add(JSContext *ctx, JSValueConst global) {
  static JSClassExoticMethods exotic = { .get_property = tool_get };
  static const JSClassDef definition = { "Tool", .finalizer = tool_finalize, .call = tool_call, .exotic = &exotic };
  JSRuntime *rt = JS_GetRuntime(ctx);
  JS_NewClassID(rt, &tool_class);
  JS_NewClass(rt, tool_class, &definition);
  JS_SetClassProto(ctx, tool_class, JS_GetFunctionProto(ctx));
  JSValue tools = new_tool(ctx, strdup(""));
  define(ctx, global, "tool", JS_DupValue(ctx, tools));
  define(ctx, global, "tools", tools);
}

/* Texts for the host, and the few ways in which this code touches objects of the snippet. */
#include "interpreter.h"
#include <stdlib.h>
#include <string.h>

text_t text_of_bytes(const char *bytes, size_t length, size_t bytes_max) {
  if (length > bytes_max) {
    length = bytes_max;
    /* Back to where a character begins. */
    while (length > 0 && ((unsigned char)bytes[length] & 0xc0) == 0x80) length--;
  }
  text_t text = { malloc(length + 1), length };
  if (text.ptr == NULL) return (text_t){ NULL, 0 };
  memcpy(text.ptr, bytes, length);
  text.ptr[length] = 0;
  /* JavaScript's texts may have halves of surrogate pairs, which QuickJS writes as three bytes that are no UTF-8, and the host would end
   * the call for. They become U+FFFD. */
  for (size_t at = 0; at + 2 < length; at++)
    if (text.ptr[at] == 0xed && text.ptr[at + 1] >= 0xa0) memcpy(text.ptr + at, "\xef\xbf\xbd", 3);
  return text;
}

text_t text_of_cstring(const char *string) { return text_of_bytes(string, strlen(string), MESSAGE_BYTES_MAX); }

/* A text that was thrown away with its exception, so that the next step does not find that pending. */
static void drop_exception(JSContext *ctx) { JS_FreeValue(ctx, JS_GetException(ctx)); }

static text_t text_of_string(JSContext *ctx, JSValueConst value, size_t bytes_max) {
  size_t length;
  const char *bytes = JS_ToCStringLen(ctx, &length, value);
  if (bytes == NULL) {
    drop_exception(ctx);
    return text_of_cstring("[unprintable]");
  }
  text_t text = text_of_bytes(bytes, length, bytes_max);
  JS_FreeCString(ctx, bytes);
  return text;
}

/* `name: message` and the stack, by properties that the snippet may have changed. */
static text_t text_of_error(JSContext *ctx, JSValueConst error, size_t bytes_max) {
  text_t name = text_of_property(ctx, error, "name", "Error");
  text_t message = text_of_property(ctx, error, "message", "");
  size_t length = name.len + message.len + 2;
  char *both = malloc(length + 1);
  if (both == NULL) return name;
  memcpy(both, name.ptr, name.len);
  memcpy(both + name.len, ": ", 2);
  memcpy(both + name.len + 2, message.ptr, message.len);
  text_t text = text_of_bytes(both, length, bytes_max);
  free(both);
  free(name.ptr);
  free(message.ptr);
  return text;
}

text_t text_of_value(JSContext *ctx, JSValueConst value, size_t bytes_max) {
  if (JS_IsError(value)) return text_of_error(ctx, value, bytes_max);
  if (!JS_IsObject(value)) {
    JSValue described = JS_IsSymbol(value) ? JS_GetPropertyStr(ctx, value, "description") : JS_DupValue(ctx, value);
    text_t text = text_of_string(ctx, described, bytes_max);
    JS_FreeValue(ctx, described);
    return text;
  }
  JSValue json = JS_JSONStringify(ctx, value, JS_UNDEFINED, JS_UNDEFINED);
  if (JS_IsException(json)) drop_exception(ctx);
  text_t text = text_of_string(ctx, JS_IsString(json) ? json : value, bytes_max);
  JS_FreeValue(ctx, json);
  return text;
}

text_t text_of_property(JSContext *ctx, JSValueConst object, const char *name, const char *otherwise) {
  JSValue found = JS_GetPropertyStr(ctx, object, name);
  if (JS_IsException(found)) drop_exception(ctx);
  text_t text = JS_IsString(found) ? text_of_string(ctx, found, MESSAGE_BYTES_MAX) : text_of_cstring(otherwise);
  JS_FreeValue(ctx, found);
  return text;
}

void define(JSContext *ctx, JSValueConst object, const char *name, JSValue value) {
  if (JS_IsException(value)) return;
  JS_DefinePropertyValueStr(ctx, object, name, value, JS_PROP_CONFIGURABLE | JS_PROP_WRITABLE);
}

void define_function(JSContext *ctx, JSValueConst object, const char *name, JSCFunctionMagic *function, int length, int magic) {
  define(ctx, object, name, JS_NewCFunctionMagic(ctx, function, name, length, JS_CFUNC_generic_magic, magic));
}

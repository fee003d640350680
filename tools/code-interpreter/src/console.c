/* `console`: lines that are kept for the report. */
#include "interpreter.h"
#include <stdlib.h>
#include <string.h>

static line_t *lines;
static size_t line_count;
static size_t byte_count;
static uint32_t dropped;

/* One text of all arguments, cut at the most that a line may have. */
static text_t join(JSContext *ctx, int argc, JSValueConst *argv) {
  text_t line = { malloc(LINE_BYTES_MAX), 0 };
  if (line.ptr == NULL) return line;
  for (int index = 0; index < argc && line.len < LINE_BYTES_MAX; index++) {
    if (index > 0) line.ptr[line.len++] = ' ';
    text_t part = text_of_value(ctx, argv[index], LINE_BYTES_MAX - line.len);
    memcpy(line.ptr + line.len, part.ptr, part.len);
    line.len += part.len;
    free(part.ptr);
  }
  return line;
}

static JSValue console_write(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv, int level) {
  if (line_count == LINES_MAX || byte_count >= LINES_BYTES_MAX) {
    dropped++;
    return JS_UNDEFINED;
  }
  text_t line = join(ctx, argc, argv);
  if (lines == NULL) lines = malloc(LINES_MAX * sizeof *lines);
  /* Making the text may have run code of the snippet that wrote lines, too. */
  if (lines == NULL || line.ptr == NULL || line_count == LINES_MAX || byte_count + line.len > LINES_BYTES_MAX) {
    free(line.ptr);
    dropped++;
    return JS_UNDEFINED;
  }
  byte_count += line.len;
  lines[line_count++] = (line_t){ .level = (level_t)level, .text = line };
  return JS_UNDEFINED;
}

void console_add(JSContext *ctx, JSValueConst global) {
  static const struct { const char *name; level_t level; } FUNCTIONS[] = {
    { "debug", LEVEL(DEBUG) }, { "log", LEVEL(INFO) },   { "info", LEVEL(INFO) },
    { "warn", LEVEL(WARN) },   { "error", LEVEL(ERROR) },
  };
  JSValue console = JS_NewObject(ctx);
  for (size_t index = 0; index < sizeof FUNCTIONS / sizeof *FUNCTIONS; index++)
    define_function(ctx, console, FUNCTIONS[index].name, console_write, 0, FUNCTIONS[index].level);
  define(ctx, global, "console", console);
}

written_t console_take(void) {
  return (written_t){ .lines = { .ptr = lines, .len = line_count }, .dropped = dropped };
}

/* What the parts of the interpreter know of each other. One instance runs one snippet, so all state is static. */
#ifndef INTERPRETER_H
#define INTERPRETER_H

#include "quickjs.h"
#include "words.h"

enum {
  SOURCE_BYTES_MAX = 256 * 1024,
  RESULT_BYTES_MAX = 256 * 1024,
  /* Of everything that the snippet holds. The cell has room for more, so that this one is met first. */
  HEAP_BYTES_MAX = 32 * 1024 * 1024,
  /* Kept back for saying that the heap is full. */
  HEAP_BYTES_KEPT = 1024 * 1024,
  /* Of the C stack in memory. V8's own stack, which nobody can measure from here, must not be full before this one is. */
  STACK_BYTES_MAX = 256 * 1024,
  LINES_MAX = 500,
  LINE_BYTES_MAX = 4096,
  LINES_BYTES_MAX = 64 * 1024,
  MESSAGE_BYTES_MAX = 4096,
  STACK_LINES_MAX = 20,
  TOOL_CALLS_MAX = 100,
  JOBS_MAX = 100 * 1000,
  TIMERS_MAX = 1000,
  REJECTIONS_MAX = 100,
};

/* heap.c */
extern const JSMallocFunctions heap_functions;
/* Whether an allocation was refused. */
bool heap_was_full(void);
/* Gives what was kept back. */
void heap_open_reserve(void);

/* text.c: texts that the host takes; they are allocated, and begin empty where there is no memory for them. */
text_t text_of_bytes(const char *bytes, size_t length, size_t bytes_max);
text_t text_of_cstring(const char *string);
/* A value as people read it: a text as it is, others as JSON where they have one. Runs the snippet's `toJSON` and `toString`; what these
 * throw is dropped. */
text_t text_of_value(JSContext *ctx, JSValueConst value, size_t bytes_max);
/* A property that is a text; `otherwise` where it is none or cannot be read. */
text_t text_of_property(JSContext *ctx, JSValueConst object, const char *name, const char *otherwise);
/* Defines a property of a new object that the snippet may change, without asking prototypes. */
void define(JSContext *ctx, JSValueConst object, const char *name, JSValue value);
void define_function(JSContext *ctx, JSValueConst object, const char *name, JSCFunctionMagic *function, int length, int magic);

/* console.c */
void console_add(JSContext *ctx, JSValueConst global);
written_t console_take(void);

/* tools.c */
void tools_add(JSContext *ctx, JSValueConst global);
uint32_t tools_called(void);
bool tools_exceeded(void);
/* The failure that was thrown as this value; null for any other. */
const tool_failure_t *tools_failure_of(JSValueConst thrown, const char **tool);

/* time.c: the clock, which only timers move, and `Math.random`. */
void time_add(JSContext *ctx, JSValueConst global);
void time_begin(uint64_t now_ms, uint64_t seed);
/* Takes the timer that is due first, and moves the clock to it; `JS_UNDEFINED` where there is none. */
JSValue time_take_due(JSContext *ctx);

/* rejections.c: promises that were rejected and that nobody looks at. */
void rejections_watch(JSRuntime *rt);
/* The first one's reason, or `JS_UNINITIALIZED`. */
JSValue rejections_first(JSContext *ctx);

/* problem.c */
/* The problem that something thrown amounts to; takes the value. `parsing`: nothing ran yet. */
problem_t problem_of_thrown(JSContext *ctx, JSValue thrown, bool parsing);
/* The same for what is being thrown. */
problem_t problem_of_exception(JSContext *ctx, bool parsing);

/* evaluate.c */
/* Runs to the end of all jobs. Gives the value, which is the caller's, or a problem. */
bool evaluate(JSContext *ctx, const text_t *source, JSValue *value, problem_t *problem);

#endif

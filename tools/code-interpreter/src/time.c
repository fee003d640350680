/* Time that only timers move, and chance that is none: the same run gives the same report. */
#include "interpreter.h"
#include <math.h>
#include <sys/time.h>
#include <time.h>

typedef struct {
  uint32_t id;
  double due_ms;
  double every_ms; /* below 0: once */
  JSValue callback;
} waiting_t;

static double begin_ms;
static double now_ms;
static uint64_t chance;
static waiting_t waiting[TIMERS_MAX];
static uint32_t waiting_count;
static uint32_t last_id;

/* What QuickJS asks for the time. */
int gettimeofday(struct timeval *restrict time, void *restrict zone) {
  double seconds = floor(now_ms / 1000);
  *time = (struct timeval){ .tv_sec = (time_t)seconds, .tv_usec = (suseconds_t)((now_ms - seconds * 1000) * 1000) };
  return 0;
}

/* `performance.now()`: since the run began. */
int clock_gettime(clockid_t clock, struct timespec *time) {
  double passed_ms = now_ms - begin_ms;
  double seconds = floor(passed_ms / 1000);
  *time = (struct timespec){ .tv_sec = (time_t)seconds, .tv_nsec = (long)((passed_ms - seconds * 1000) * 1000000) };
  return 0;
}

/* SplitMix64, by Sebastiano Vigna (public domain): any seed will do. */
static JSValue random_next(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv, int magic) {
  uint64_t mixed = (chance += 0x9e3779b97f4a7c15u);
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
  mixed ^= mixed >> 31;
  return JS_NewFloat64(ctx, (double)(mixed >> 11) * 0x1p-53);
}

/* `setTimeout` or, with a magic of 1, `setInterval`: an interval of less than 1 ms would stop the time. */
static JSValue timer_set(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv, int repeats) {
  double delay_ms = 0;
  if (argc == 0 || !JS_IsFunction(ctx, argv[0])) return JS_ThrowTypeError(ctx, "a timer takes a function");
  if (argc > 1 && JS_ToFloat64(ctx, &delay_ms, argv[1]) < 0) return JS_EXCEPTION;
  if (waiting_count == TIMERS_MAX) return JS_ThrowRangeError(ctx, "more than %d timers", TIMERS_MAX);
  if (!(delay_ms >= 1)) delay_ms = 1;
  if (delay_ms > INT32_MAX) delay_ms = INT32_MAX;
  waiting[waiting_count++] = (waiting_t){ ++last_id, now_ms + delay_ms, repeats ? delay_ms : -1, JS_DupValue(ctx, argv[0]) };
  return JS_NewUint32(ctx, last_id);
}

static void drop(JSContext *ctx, uint32_t index) {
  JSValue callback = waiting[index].callback;
  waiting_count--;
  for (uint32_t at = index; at < waiting_count; at++) waiting[at] = waiting[at + 1];
  JS_FreeValue(ctx, callback);
}

static JSValue timer_clear(JSContext *ctx, JSValueConst this_value, int argc, JSValueConst *argv, int magic) {
  uint32_t id = 0;
  if (argc > 0 && JS_ToUint32(ctx, &id, argv[0]) < 0) return JS_EXCEPTION;
  for (uint32_t index = 0; index < waiting_count; index++) {
    if (waiting[index].id != id) continue;
    drop(ctx, index);
    break;
  }
  return JS_UNDEFINED;
}

void time_add(JSContext *ctx, JSValueConst global) {
  define_function(ctx, global, "setTimeout", timer_set, 2, 0);
  define_function(ctx, global, "setInterval", timer_set, 2, 1);
  define_function(ctx, global, "clearTimeout", timer_clear, 1, 0);
  define_function(ctx, global, "clearInterval", timer_clear, 1, 0);
  JSValue math = JS_GetPropertyStr(ctx, global, "Math");
  define_function(ctx, math, "random", random_next, 0, 0);
  JS_FreeValue(ctx, math);
}

void time_begin(uint64_t at_ms, uint64_t seed) {
  const uint64_t last_ms = 8640000000000000u; /* that a Date can say */
  now_ms = begin_ms = (double)(at_ms < last_ms ? at_ms : last_ms);
  chance = seed;
}

JSValue time_take_due(JSContext *ctx) {
  if (waiting_count == 0) return JS_UNDEFINED;
  uint32_t first = 0;
  for (uint32_t index = 1; index < waiting_count; index++)
    if (waiting[index].due_ms < waiting[first].due_ms) first = index;
  waiting_t *timer = &waiting[first];
  JSValue callback = JS_DupValue(ctx, timer->callback);
  if (timer->due_ms > now_ms) now_ms = timer->due_ms;
  if (timer->every_ms < 0) drop(ctx, first);
  else timer->due_ms = now_ms + timer->every_ms;
  return callback;
}

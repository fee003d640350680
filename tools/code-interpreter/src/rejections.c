/* Rejected promises that nobody looks at: without them, a snippet that forgets `await` would seem to have gone well. */
#include "interpreter.h"

typedef struct {
  JSValue promise;
  JSValue reason;
} rejection_t;

static rejection_t open[REJECTIONS_MAX];
static uint32_t open_count;

static void track(JSContext *ctx, JSValueConst promise, JSValueConst reason, bool is_handled, void *opaque) {
  if (!is_handled) {
    if (open_count < REJECTIONS_MAX) open[open_count++] = (rejection_t){ JS_DupValue(ctx, promise), JS_DupValue(ctx, reason) };
    return;
  }
  for (uint32_t index = 0; index < open_count; index++) {
    if (JS_VALUE_GET_PTR(open[index].promise) != JS_VALUE_GET_PTR(promise)) continue;
    rejection_t handled = open[index];
    open_count--;
    for (uint32_t at = index; at < open_count; at++) open[at] = open[at + 1];
    JS_FreeValue(ctx, handled.promise);
    JS_FreeValue(ctx, handled.reason);
    return;
  }
}

void rejections_watch(JSRuntime *rt) { JS_SetHostPromiseRejectionTracker(rt, track, NULL); }

JSValue rejections_first(JSContext *ctx) {
  return open_count == 0 ? JS_UNINITIALIZED : JS_DupValue(ctx, open[0].reason);
}

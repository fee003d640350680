/* The memory of the snippet: malloc with a limit, and a note of whether it was met. */
#include "interpreter.h"
#include <malloc.h>
#include <stdlib.h>

static size_t used;
static size_t used_max = HEAP_BYTES_MAX - HEAP_BYTES_KEPT;
static bool refused;

static bool fits(size_t more, size_t less) {
  if (more <= used_max && used - less <= used_max - more) return true;
  refused = true;
  return false;
}

/* Also where the cell's own limit was met: the snippet is told either way. */
static void *counted(void *found) {
  if (found == NULL) refused = true;
  else used += malloc_usable_size(found);
  return found;
}

static void *heap_malloc(void *opaque, size_t size) {
  return fits(size, 0) ? counted(malloc(size)) : NULL;
}

static void *heap_calloc(void *opaque, size_t count, size_t size) {
  size_t total;
  if (__builtin_mul_overflow(count, size, &total)) total = SIZE_MAX;
  return fits(total, 0) ? counted(calloc(1, total)) : NULL;
}

static void heap_free(void *opaque, void *pointer) {
  if (pointer == NULL) return;
  used -= malloc_usable_size(pointer);
  free(pointer);
}

static void *heap_realloc(void *opaque, void *pointer, size_t size) {
  if (pointer == NULL) return heap_malloc(opaque, size);
  if (size == 0) {
    heap_free(opaque, pointer);
    return NULL;
  }
  size_t before = malloc_usable_size(pointer);
  if (!fits(size, before)) return NULL;
  void *found = realloc(pointer, size);
  if (found != NULL) used -= before;
  return counted(found);
}

static size_t heap_usable_size(const void *pointer) { return malloc_usable_size((void *)pointer); }

const JSMallocFunctions heap_functions = { heap_calloc, heap_malloc, heap_free, heap_realloc, heap_usable_size };

bool heap_was_full(void) { return refused; }

void heap_open_reserve(void) { used_max = HEAP_BYTES_MAX; }

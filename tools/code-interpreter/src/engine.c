/* QuickJS, as one translation unit with what this build changes about it.
 *
 * Made for WASI, QuickJS checks no stack: a recursion would end in a trap, and the snippet's author learn nothing. Here the C stack
 * lies in memory and its pointer can be read, so the checks work; what is left of the platform is that there are no threads, which is
 * what QuickJS knows of Emscripten. Its dispatch by `switch` also compiles four times faster than the one by labels. */
#include <malloc.h>
#include <stdio.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#undef __wasi__
#define EMSCRIPTEN 1
#include "quickjs.c"

/* Counts words. See wit/{{name}}.wit for what it offers.
 *
 * `{{snake_name}}_tool.h` is written by `cellblock build` from that WIT, into target/bindings/: it has the types, and the functions that
 * this file must define. What comes in is the callee's: free it. What goes out is allocated here, and freed by the bindings. */
#include "{{snake_name}}_tool.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef {{snake_name}}_tool_string_t text_t;
typedef exports_{{snake_name}}_tool_words_word_t word_t;
typedef exports_{{snake_name}}_tool_words_options_t options_t;
typedef exports_{{snake_name}}_tool_words_report_t report_t;
typedef exports_{{snake_name}}_tool_words_problem_t problem_t;

/* The largest limit that `options` allows. */
enum { LIMIT_MAX = 1000 };

typedef struct {
  word_t *items;
  size_t count;
  size_t room;
} words_t;

static bool is_letter(uint8_t byte) {
  return byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static void to_small_letters(text_t text) {
  for (size_t at = 0; at < text.len; at++)
    if (text.ptr[at] >= 'A' && text.ptr[at] <= 'Z') text.ptr[at] += 'a' - 'A';
}

/* Counts one word. Words point into the text until they are reported. A text with very many words would want a hash table here. */
static void add(words_t *words, text_t text) {
  for (size_t index = 0; index < words->count; index++) {
    text_t known = words->items[index].text;
    if (known.len != text.len || memcmp(known.ptr, text.ptr, text.len) != 0) continue;
    words->items[index].count++;
    return;
  }
  if (words->count == words->room) {
    words->room = words->room == 0 ? 64 : words->room * 2;
    words->items = realloc(words->items, words->room * sizeof *words->items);
    if (words->items == NULL) abort();
  }
  words->items[words->count++] = (word_t){ .text = text, .count = 1 };
}

static words_t count_words(text_t text) {
  words_t words = { NULL, 0, 0 };
  for (size_t at = 0; at < text.len;) {
    size_t start = at;
    while (at < text.len && is_letter(text.ptr[at])) at++;
    if (at > start) add(&words, (text_t){ text.ptr + start, at - start });
    else at++;
  }
  return words;
}

/* Puts the most frequent words first, as many as are asked for; those that are as frequent keep the order of the text. */
static size_t sort_top(words_t words, size_t limit) {
  size_t top = words.count < limit ? words.count : limit;
  for (size_t place = 0; place < top; place++) {
    size_t best = place;
    for (size_t index = place + 1; index < words.count; index++)
      if (words.items[index].count > words.items[best].count) best = index;
    word_t found = words.items[best];
    memmove(words.items + place + 1, words.items + place, (best - place) * sizeof found);
    words.items[place] = found;
  }
  return top;
}

static void log_total(uint32_t total) {
  char line[64];
  snprintf(line, sizeof line, "counted %u words", (unsigned)total);
  {{snake_name}}_tool_string_t text;
  {{snake_name}}_tool_string_set(&text, line);
  cellblock_host_log_write(CELLBLOCK_HOST_LOG_LEVEL_INFO, &text);
}

static report_t report_of(words_t words, size_t limit) {
  report_t report = { .total = 0, .distinct = words.count };
  for (size_t index = 0; index < words.count; index++) report.total += words.items[index].count;
  report.top.len = sort_top(words, limit);
  report.top.ptr = words.items;
  for (size_t index = 0; index < report.top.len; index++) {
    text_t text = words.items[index].text;
    {{snake_name}}_tool_string_dup_n(&words.items[index].text, (const char *)text.ptr, text.len);
  }
  log_total(report.total);
  return report;
}

/* Returns whether it went well: then `report` is the result, else `problem`. */
bool exports_{{snake_name}}_tool_words_count(text_t *text, options_t *options, report_t *report, problem_t *problem) {
  if (options->limit < 1 || options->limit > LIMIT_MAX) {
    *problem = (problem_t){ .tag = EXPORTS_{{SNAKE_NAME}}_TOOL_WORDS_PROBLEM_BAD_LIMIT, .val.bad_limit = LIMIT_MAX };
    return false;
  }
  if (options->ignore_case) to_small_letters(*text);
  words_t words = count_words(*text);
  bool found = words.count > 0;
  if (found) *report = report_of(words, options->limit);
  else problem->tag = EXPORTS_{{SNAKE_NAME}}_TOOL_WORDS_PROBLEM_NO_WORDS;
  {{snake_name}}_tool_string_free(text);
  return found;
}

/* Texts that leave the tool. */
#include "csv-sql.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of the character of UTF-8 that begins here; 0 where none does. */
static size_t character_length(const unsigned char *at, size_t left) {
  size_t length = at[0] < 0x80 ? 1 : at[0] >= 0xc2 && at[0] < 0xe0 ? 2 : (at[0] & 0xf0) == 0xe0 ? 3 : at[0] >= 0xf0 && at[0] < 0xf5 ? 4 : 0;
  if (length == 0 || length > left) return 0;
  for (size_t index = 1; index < length; index++)
    if ((at[index] & 0xc0) != 0x80) return 0;
  /* Longer than need be, halves of surrogate pairs, and beyond what there is. */
  if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] >= 0xa0)) return 0;
  if ((at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] >= 0x90)) return 0;
  return length;
}

text_t text_of(const char *bytes, size_t length) {
  const unsigned char *from = (const unsigned char *)bytes;
  size_t wrong = 0;
  for (size_t at = 0, step; at < length; at += step == 0 ? 1 : step) {
    step = character_length(from + at, length - at);
    if (step == 0) wrong++;
  }
  text_t text = { malloc(length + wrong * 2 + 1), 0 };
  if (text.ptr == NULL) abort();
  for (size_t at = 0, step; at < length; at += step == 0 ? 1 : step) {
    step = character_length(from + at, length - at);
    memcpy(text.ptr + text.len, step == 0 ? (const void *)"\xef\xbf\xbd" : from + at, step == 0 ? 3 : step);
    text.len += step == 0 ? 3 : step;
  }
  return text;
}

text_t text_of_cstring(const char *string) { return text_of(string, strlen(string)); }

text_t text_of_format(const char *format, ...) {
  char message[512];
  va_list values;
  va_start(values, format);
  vsnprintf(message, sizeof message, format, values);
  va_end(values);
  return text_of_cstring(message);
}

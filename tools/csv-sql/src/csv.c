/* Reads CSV as RFC 4180 has it, in place. */
#include "csv-sql.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef enum { FIELD, LAST_FIELD, END, BAD } found_t;

typedef struct {
  char *at;
  char *end;
  char *line_start;
  uint32_t line;
  char delimiter;
  const text_t *file;
  problem_t *problem;
} reader_t;

static found_t bad(reader_t *reader, const char *place, text_t message) {
  *reader->problem = (problem_t){ .tag = PROBLEM(BAD_CSV) };
  reader->problem->val.bad_csv.message = message;
  reader->problem->val.bad_csv.at.file = text_of((char *)reader->file->ptr, reader->file->len);
  reader->problem->val.bad_csv.at.line = reader->line;
  reader->problem->val.bad_csv.at.column = (uint32_t)(place - reader->line_start) + 1;
  return BAD;
}

static void begin_line(reader_t *reader) {
  reader->line++;
  reader->line_start = reader->at;
}

/* Moves past what ends a field. */
static found_t finish(reader_t *reader) {
  if (reader->at == reader->end) return LAST_FIELD;
  char ends = *reader->at++;
  if (ends == reader->delimiter) return FIELD;
  if (ends == '\r' && reader->at < reader->end && *reader->at == '\n') reader->at++;
  begin_line(reader);
  return LAST_FIELD;
}

static bool ends_field(const reader_t *reader) {
  return reader->at == reader->end || *reader->at == reader->delimiter || *reader->at == '\n' || *reader->at == '\r';
}

static found_t read_quoted(reader_t *reader, field_t *field) {
  uint32_t line = reader->line;
  char *opening = reader->at++, *line_start = reader->line_start, *out = reader->at;
  *field = (field_t){ out, 0, true };
  for (;; reader->at++) {
    if (reader->at == reader->end) {
      reader->line = line;
      reader->line_start = line_start;
      return bad(reader, opening, text_of_cstring("the quote that opens here is not closed"));
    }
    if (*reader->at == '"') {
      if (reader->at + 1 == reader->end || reader->at[1] != '"') break;
      reader->at++;
    } else if (*reader->at == '\n') {
      reader->line++;
      reader->line_start = reader->at + 1;
    }
    *out++ = *reader->at;
  }
  reader->at++;
  field->len = (size_t)(out - field->ptr);
  if (ends_field(reader)) return finish(reader);
  return bad(reader, reader->at, text_of_cstring("text after a closing quote; a quote inside of quotes is written twice"));
}

static found_t read_field(reader_t *reader, field_t *field) {
  if (reader->at < reader->end && *reader->at == '"') return read_quoted(reader, field);
  *field = (field_t){ reader->at, 0, false };
  for (; !ends_field(reader); reader->at++)
    if (*reader->at == '"') return bad(reader, reader->at, text_of_cstring("a quote in a field that does not begin with one"));
  field->len = (size_t)(reader->at - field->ptr);
  return finish(reader);
}

/* Lines without anything are no rows. */
static bool skip_empty_lines(reader_t *reader) {
  while (reader->at < reader->end && (*reader->at == '\n' || *reader->at == '\r')) {
    reader->at++;
    if (reader->at[-1] == '\n') begin_line(reader);
  }
  return reader->at < reader->end;
}

bool is_empty(field_t field) { return field.len == 0; }

static char guess_delimiter(const reader_t *reader) {
  size_t length = strcspn(reader->at, "\r\n");
  static const char DELIMITERS[] = ",;\t";
  for (const char *delimiter = DELIMITERS; *delimiter != 0; delimiter++)
    if (memchr(reader->at, *delimiter, length) != NULL) return *delimiter;
  return ',';
}

/* The name of a column: what the first row has, made different from those before. */
static char *column_name(const sheet_t *sheet, field_t field) {
  size_t number = sheet->column_count + 1;
  char *name = is_empty(field) ? sqlite3_mprintf("column_%d", (int)number) : sqlite3_mprintf("%.*s", (int)field.len, field.ptr);
  char *plain = name;
  for (int times = 2, index = 0; name != NULL && index < (int)sheet->column_count; index++) {
    if (sqlite3_stricmp(sheet->columns[index], name) != 0) continue;
    name = sqlite3_mprintf("%s_%d", plain, times++);
    index = -1;
  }
  if (name == NULL) abort();
  return name;
}

static bool read_header(reader_t *reader, sheet_t *sheet) {
  sheet->columns = malloc(COLUMNS_MAX * sizeof *sheet->columns);
  if (sheet->columns == NULL) abort();
  if (!skip_empty_lines(reader)) return bad(reader, reader->at, text_of_cstring("there is no row")), false;
  for (found_t found = FIELD; found == FIELD;) {
    field_t field;
    found = read_field(reader, &field);
    if (found == BAD) return false;
    if (sheet->column_count == COLUMNS_MAX)
      return bad(reader, field.ptr, text_of_format("there are more than %d columns", COLUMNS_MAX)), false;
    sheet->columns[sheet->column_count] = column_name(sheet, field);
    sheet->column_count++;
  }
  return true;
}

static bool wrong_count(reader_t *reader, const char *place, size_t count, size_t expected) {
  bad(reader, place, text_of_format("the row has %s than %zu fields, as many as the first row has", count > expected ? "more" : "fewer", expected));
  return false;
}

static bool read_row(reader_t *reader, sheet_t *sheet, size_t *room) {
  found_t found = FIELD;
  size_t count = 0;
  for (field_t field; found == FIELD; count++) {
    reader_t before = *reader;
    found = read_field(reader, &field);
    if (found == BAD) return false;
    size_t total = sheet->row_count * sheet->column_count + count;
    if (count == sheet->column_count) return wrong_count(&before, before.at, count + 1, sheet->column_count);
    if (total == FIELDS_MAX) return bad(&before, before.at, text_of_format("there are more than %d fields", FIELDS_MAX)), false;
    if (total == *room) {
      *room = *room == 0 ? 4096 : *room * 2;
      sheet->fields = realloc(sheet->fields, *room * sizeof *sheet->fields);
      if (sheet->fields == NULL) return reader->problem->tag = PROBLEM(OUT_OF_MEMORY), false;
    }
    sheet->fields[total] = field;
    if (found == LAST_FIELD && count + 1 < sheet->column_count) return wrong_count(&before, before.at, count + 1, sheet->column_count);
  }
  sheet->row_count++;
  return true;
}

/* Whether a field is a number as JSON has them, and a whole one. */
static kind_t kind_of(field_t field) {
  const char *at = field.ptr, *end = field.ptr + field.len;
  if (at < end && *at == '-') at++;
  const char *digits = at;
  while (at < end && *at >= '0' && *at <= '9') at++;
  if (at == digits || (*digits == '0' && at - digits > 1)) return KIND(TEXT);
  if (at == end) {
    char copy[24];
    if (field.len >= sizeof copy) return KIND(REAL);
    memcpy(copy, field.ptr, field.len);
    copy[field.len] = 0;
    errno = 0;
    strtoll(copy, NULL, 10);
    return errno == 0 ? KIND(INTEGER) : KIND(REAL);
  }
  if (*at == '.') {
    const char *fraction = ++at;
    while (at < end && *at >= '0' && *at <= '9') at++;
    if (at == fraction) return KIND(TEXT);
  }
  if (at < end && (*at == 'e' || *at == 'E')) {
    at++;
    if (at < end && (*at == '+' || *at == '-')) at++;
    const char *exponent = at;
    while (at < end && *at >= '0' && *at <= '9') at++;
    if (at == exponent) return KIND(TEXT);
  }
  return at == end ? KIND(REAL) : KIND(TEXT);
}

/* Kinds are in the order of what they can hold. A column without values is text. */
static void find_kinds(sheet_t *sheet) {
  sheet->kinds = calloc(sheet->column_count, sizeof *sheet->kinds);
  if (sheet->kinds == NULL) abort();
  for (size_t column = 0; column < sheet->column_count; column++) {
    kind_t kind = KIND(INTEGER);
    bool has_values = false;
    for (size_t row = 0; row < sheet->row_count && kind != KIND(TEXT); row++) {
      field_t field = sheet->fields[row * sheet->column_count + column];
      if (is_empty(field)) continue;
      kind_t found = kind_of(field);
      if (found > kind) kind = found;
      has_values = true;
    }
    sheet->kinds[column] = has_values ? kind : KIND(TEXT);
  }
}

bool read_sheet(file_t *file, const options_t *options, sheet_t *sheet, problem_t *problem) {
  /* With a byte 0 at its end, where `strcspn` stops. */
  char *copy = malloc(file->csv.len + 1);
  if (copy == NULL) return problem->tag = PROBLEM(OUT_OF_MEMORY), false;
  memcpy(copy, file->csv.ptr, file->csv.len);
  copy[file->csv.len] = 0;
  reader_t reader = { .at = copy, .end = copy + file->csv.len, .line_start = copy, .line = 1, .file = &file->name, .problem = problem };
  if (file->csv.len > FILE_BYTES_MAX) return bad(&reader, copy, text_of_format("the file has more than %d bytes", FILE_BYTES_MAX)), false;
  if (strncmp(copy, "\xef\xbb\xbf", 3) == 0) reader.at = reader.line_start = copy + 3;
  *sheet = (sheet_t){ .name = sqlite3_mprintf("%.*s", (int)file->name.len, file->name.ptr) };
  skip_empty_lines(&reader);
  reader.delimiter = options->delimiter.is_some ? (char)options->delimiter.val.ptr[0] : guess_delimiter(&reader);
  if (!read_header(&reader, sheet)) return false;
  for (size_t room = 0; sheet->column_count == 1 ? reader.at < reader.end : skip_empty_lines(&reader);)
    if (!read_row(&reader, sheet, &room)) return false;
  find_kinds(sheet);
  return true;
}

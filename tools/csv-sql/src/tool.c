/* The functions of the tool. An instance answers one call, so nothing is given back before its end. */
#include "csv-sql.h"
#include <stdlib.h>
#include <string.h>

static bool is_word(text_t name) {
  if (name.len == 0 || name.len > NAME_BYTES_MAX || (name.ptr[0] >= '0' && name.ptr[0] <= '9')) return false;
  for (size_t at = 0; at < name.len; at++) {
    uint8_t byte = name.ptr[at];
    if (!(byte == '_' || (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z'))) return false;
  }
  /* SQLite keeps these names for itself. */
  return name.len < 7 || sqlite3_strnicmp((char *)name.ptr, "sqlite_", 7) != 0;
}

static bool check_names(const files_t *files, problem_t *problem) {
  for (size_t index = 0; index < files->len; index++) {
    text_t name = files->ptr[index].name;
    bool is_new = is_word(name);
    for (size_t other = 0; is_new && other < index; other++) {
      text_t known = files->ptr[other].name;
      is_new = known.len != name.len || sqlite3_strnicmp((char *)known.ptr, (char *)name.ptr, (int)name.len) != 0;
    }
    if (is_new) continue;
    *problem = (problem_t){ .tag = PROBLEM(BAD_NAME), .val.bad_name = text_of((char *)name.ptr, name.len) };
    return false;
  }
  return true;
}

static bool bad_option(problem_t *problem, text_t why) {
  *problem = (problem_t){ .tag = PROBLEM(BAD_OPTION), .val.bad_option = why };
  return false;
}

static bool check_options(const options_t *options, problem_t *problem) {
  text_t delimiter = options->delimiter.val;
  if (options->delimiter.is_some && (delimiter.len != 1 || delimiter.ptr[0] >= 0x80 || strchr("\"\r\n", delimiter.ptr[0]) != NULL))
    return bad_option(problem, text_of_cstring("`delimiter` must be one character of ASCII, and no quote or line break"));
  if (options->rows_max.is_some && (options->rows_max.val < 1 || options->rows_max.val > ROWS_MAX))
    return bad_option(problem, text_of_format("`rows-max` must be from 1 to %d", ROWS_MAX));
  return true;
}

static bool read_all(files_t *files, const options_t *options, sheet_t *sheets, problem_t *problem) {
  if (files->len < 1 || files->len > FILES_MAX) {
    *problem = (problem_t){ .tag = PROBLEM(BAD_FILE_COUNT), .val.bad_file_count = files->len };
    return false;
  }
  if (!check_names(files, problem) || !check_options(options, problem)) return false;
  for (size_t index = 0; index < files->len; index++)
    if (!read_sheet(&files->ptr[index], options, &sheets[index], problem)) return false;
  return true;
}

bool exports_cellblock_samples_csv_sql_query(files_t *files, text_t *sql, options_t *options, table_t *table, problem_t *problem) {
  sheet_t sheets[FILES_MAX];
  if (!read_all(files, options, sheets, problem)) return false;
  sqlite3 *database;
  if (sqlite3_open(":memory:", &database) != SQLITE_OK) {
    problem->tag = PROBLEM(OUT_OF_MEMORY);
    return false;
  }
  uint32_t rows_max = options->rows_max.is_some ? options->rows_max.val : ROWS_DEFAULT;
  return load_sheets(database, sheets, files->len, problem) && run_query(database, sql, rows_max, table, problem);
}

static column_t describe_column(const sheet_t *sheet, size_t column) {
  column_t found = { .name = text_of_cstring(sheet->columns[column]), .kind = sheet->kinds[column] };
  for (size_t row = 0; row < sheet->row_count; row++) {
    field_t field = sheet->fields[row * sheet->column_count + column];
    if (is_empty(field)) found.empty++;
    else if (!found.example.is_some) {
      found.example.is_some = true;
      found.example.val = text_of(field.ptr, field.len < 200 ? field.len : 200);
    }
  }
  return found;
}

static schema_t describe_sheet(const sheet_t *sheet) {
  schema_t schema = { .name = text_of_cstring(sheet->name), .rows = sheet->row_count };
  schema.columns.len = sheet->column_count;
  schema.columns.ptr = malloc(sheet->column_count * sizeof *schema.columns.ptr);
  if (schema.columns.ptr == NULL) abort();
  for (size_t column = 0; column < sheet->column_count; column++) schema.columns.ptr[column] = describe_column(sheet, column);
  return schema;
}

bool exports_cellblock_samples_csv_sql_describe(files_t *files, options_t *options, schemas_t *schemas, problem_t *problem) {
  sheet_t sheets[FILES_MAX];
  if (sqlite3_initialize() != SQLITE_OK) abort();
  if (!read_all(files, options, sheets, problem)) return false;
  *schemas = (schemas_t){ malloc(files->len * sizeof *schemas->ptr), files->len };
  if (schemas->ptr == NULL) abort();
  for (size_t index = 0; index < files->len; index++) schemas->ptr[index] = describe_sheet(&sheets[index]);
  return true;
}

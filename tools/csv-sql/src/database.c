/* Tables of a database in memory, and one query over them. */
#include "csv-sql.h"
#include <stdlib.h>
#include <string.h>

static bool refused(problem_t *problem, sqlite3 *database, int code) {
  if (code == SQLITE_NOMEM) problem->tag = PROBLEM(OUT_OF_MEMORY);
  else if (code == SQLITE_AUTH) {
    *problem = (problem_t){ .tag = PROBLEM(NOT_ALLOWED), .val.not_allowed = text_of_cstring(sqlite3_errmsg(database)) };
  } else {
    int offset = sqlite3_error_offset(database);
    *problem = (problem_t){ .tag = PROBLEM(BAD_SQL) };
    problem->val.bad_sql.message = text_of_cstring(sqlite3_errmsg(database));
    problem->val.bad_sql.offset.is_some = offset >= 0;
    problem->val.bad_sql.offset.val = (uint32_t)offset;
  }
  return false;
}

static int execute(sqlite3 *database, char *sql) {
  int code = sql == NULL ? SQLITE_NOMEM : sqlite3_exec(database, sql, NULL, NULL, NULL);
  sqlite3_free(sql);
  return code;
}

static int create_table(sqlite3 *database, const sheet_t *sheet) {
  static const char *const TYPES[] = { "INTEGER", "REAL", "TEXT" };
  sqlite3_str *sql = sqlite3_str_new(database);
  sqlite3_str_appendf(sql, "CREATE TABLE \"%w\"(", sheet->name);
  for (size_t column = 0; column < sheet->column_count; column++)
    sqlite3_str_appendf(sql, "%s\"%w\" %s", column == 0 ? "" : ",", sheet->columns[column], TYPES[sheet->kinds[column]]);
  sqlite3_str_appendall(sql, ")");
  return execute(database, sqlite3_str_finish(sql));
}

static int bind(sqlite3_stmt *insert, int place, field_t field, kind_t kind) {
  if (is_empty(field) && (kind != KIND(TEXT) || !field.is_quoted)) return sqlite3_bind_null(insert, place);
  /* The column's type makes a number of it, since it is one. */
  return sqlite3_bind_text(insert, place, field.ptr, (int)field.len, SQLITE_STATIC);
}

static int insert_rows(sqlite3 *database, const sheet_t *sheet) {
  sqlite3_str *sql = sqlite3_str_new(database);
  sqlite3_str_appendf(sql, "INSERT INTO \"%w\" VALUES(?", sheet->name);
  for (size_t column = 1; column < sheet->column_count; column++) sqlite3_str_appendall(sql, ",?");
  sqlite3_str_appendall(sql, ")");
  char *text = sqlite3_str_finish(sql);
  sqlite3_stmt *insert = NULL;
  int code = text == NULL ? SQLITE_NOMEM : sqlite3_prepare_v2(database, text, -1, &insert, NULL);
  const field_t *field = sheet->fields;
  for (size_t row = 0; code == SQLITE_OK && row < sheet->row_count; row++) {
    for (size_t column = 0; code == SQLITE_OK && column < sheet->column_count; column++)
      code = bind(insert, (int)column + 1, *field++, sheet->kinds[column]);
    if (code == SQLITE_OK && sqlite3_step(insert) != SQLITE_DONE) code = sqlite3_errcode(database);
    sqlite3_reset(insert);
  }
  sqlite3_finalize(insert);
  sqlite3_free(text);
  return code;
}

bool load_sheets(sqlite3 *database, const sheet_t *sheets, size_t count, problem_t *problem) {
  int code = sqlite3_exec(database, "BEGIN", NULL, NULL, NULL);
  for (size_t index = 0; code == SQLITE_OK && index < count; index++) {
    code = create_table(database, &sheets[index]);
    if (code == SQLITE_OK) code = insert_rows(database, &sheets[index]);
  }
  if (code == SQLITE_OK) code = sqlite3_exec(database, "COMMIT", NULL, NULL, NULL);
  return code == SQLITE_OK || refused(problem, database, code);
}

/* What a `SELECT` needs, and nothing that writes, attaches, or sets. */
static int authorize(void *unused, int action, const char *first, const char *second, const char *database, const char *trigger) {
  bool reads = action == SQLITE_SELECT || action == SQLITE_READ || action == SQLITE_FUNCTION || action == SQLITE_RECURSIVE;
  return reads ? SQLITE_OK : SQLITE_DENY;
}

static void limit(sqlite3 *database) {
  static const int LIMITS[][2] = {
    { SQLITE_LIMIT_LENGTH, RESULT_BYTES_MAX },   { SQLITE_LIMIT_SQL_LENGTH, 100000 },    { SQLITE_LIMIT_EXPR_DEPTH, 100 },
    { SQLITE_LIMIT_COMPOUND_SELECT, 50 },        { SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000 }, { SQLITE_LIMIT_ATTACHED, 0 },
    { SQLITE_LIMIT_VDBE_OP, 100000 },            { SQLITE_LIMIT_COLUMN, 1000 },          { SQLITE_LIMIT_VARIABLE_NUMBER, 0 },
  };
  for (size_t index = 0; index < sizeof LIMITS / sizeof *LIMITS; index++) sqlite3_limit(database, LIMITS[index][0], LIMITS[index][1]);
  sqlite3_set_authorizer(database, authorize, NULL);
}

static bool not_allowed(problem_t *problem, const char *why) {
  *problem = (problem_t){ .tag = PROBLEM(NOT_ALLOWED), .val.not_allowed = text_of_cstring(why) };
  return false;
}

/* The one statement of the text. */
static sqlite3_stmt *prepare(sqlite3 *database, const text_t *sql, problem_t *problem) {
  sqlite3_stmt *query = NULL, *more = NULL;
  const char *rest = (const char *)sql->ptr, *end = rest + sql->len;
  int code = sqlite3_prepare_v2(database, rest, (int)sql->len, &query, &rest);
  if (code != SQLITE_OK) return refused(problem, database, code), NULL;
  if (query == NULL) return not_allowed(problem, "there is no statement"), NULL;
  code = sqlite3_prepare_v2(database, rest, (int)(end - rest), &more, NULL);
  if (code != SQLITE_OK || more != NULL) return not_allowed(problem, "there is more than one statement"), NULL;
  if (sqlite3_column_count(query) == 0 || !sqlite3_stmt_readonly(query) || sqlite3_stmt_isexplain(query))
    return not_allowed(problem, "the statement is no SELECT"), NULL;
  return query;
}

/* Bytes as people write them. */
static text_t hex_of(const unsigned char *bytes, size_t length) {
  static const char DIGITS[] = "0123456789ABCDEF";
  text_t text = { malloc(length * 2 + 1), length * 2 };
  if (text.ptr == NULL) abort();
  for (size_t at = 0; at < length; at++) {
    text.ptr[at * 2] = (uint8_t)DIGITS[bytes[at] >> 4];
    text.ptr[at * 2 + 1] = (uint8_t)DIGITS[bytes[at] & 15];
  }
  return text;
}

static cell_t cell_of(sqlite3_stmt *query, int column, size_t *bytes) {
  cell_t cell = { .tag = CELL(NULL) };
  switch (sqlite3_column_type(query, column)) {
    case SQLITE_INTEGER:
      return (cell_t){ .tag = CELL(INTEGER), .val.integer = sqlite3_column_int64(query, column) };
    case SQLITE_FLOAT:
      return (cell_t){ .tag = CELL(REAL), .val.real = sqlite3_column_double(query, column) };
    case SQLITE_TEXT:
      cell.tag = CELL(TEXT);
      cell.val.text = text_of((const char *)sqlite3_column_text(query, column), (size_t)sqlite3_column_bytes(query, column));
      *bytes += cell.val.text.len;
      break;
    case SQLITE_BLOB:
      cell.tag = CELL(TEXT);
      cell.val.text = hex_of(sqlite3_column_blob(query, column), (size_t)sqlite3_column_bytes(query, column));
      *bytes += cell.val.text.len;
      break;
  }
  return cell;
}

static row_t row_of(sqlite3_stmt *query, size_t columns, size_t *bytes) {
  row_t row = { malloc(columns * sizeof *row.ptr), columns };
  if (row.ptr == NULL) abort();
  for (size_t column = 0; column < columns && *bytes <= RESULT_BYTES_MAX; column++) row.ptr[column] = cell_of(query, (int)column, bytes);
  return row;
}

static bool read_rows(sqlite3 *database, sqlite3_stmt *query, uint32_t rows_max, table_t *table, problem_t *problem) {
  size_t columns = table->columns.len, bytes = 0;
  table->rows.ptr = malloc(rows_max * sizeof *table->rows.ptr);
  if (table->rows.ptr == NULL) abort();
  for (int code; (code = sqlite3_step(query)) != SQLITE_DONE;) {
    if (code != SQLITE_ROW) return refused(problem, database, code);
    table->is_cut = table->rows.len == rows_max || (table->rows.len + 1) * columns > CELLS_MAX;
    if (table->is_cut) break;
    table->rows.ptr[table->rows.len] = row_of(query, columns, &bytes);
    if (bytes > RESULT_BYTES_MAX) {
      *problem = (problem_t){ .tag = PROBLEM(TOO_LARGE), .val.too_large = RESULT_BYTES_MAX };
      return false;
    }
    table->rows.len++;
  }
  return true;
}

bool run_query(sqlite3 *database, const text_t *sql, uint32_t rows_max, table_t *table, problem_t *problem) {
  limit(database);
  sqlite3_stmt *query = prepare(database, sql, problem);
  if (query == NULL) return false;
  *table = (table_t){ .is_cut = false };
  size_t columns = (size_t)sqlite3_column_count(query);
  table->columns.ptr = malloc(columns * sizeof *table->columns.ptr);
  if (table->columns.ptr == NULL) abort();
  for (; table->columns.len < columns; table->columns.len++)
    table->columns.ptr[table->columns.len] = text_of_cstring(sqlite3_column_name(query, (int)table->columns.len));
  return read_rows(database, query, rows_max, table, problem);
}

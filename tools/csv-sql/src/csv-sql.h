/* What the parts of the tool know of each other. */
#ifndef CSV_SQL_H
#define CSV_SQL_H

#include "csv_sql_tool.h"
#include "sqlite3.h"

typedef csv_sql_tool_string_t text_t;
typedef exports_cellblock_samples_csv_sql_file_t file_t;
typedef exports_cellblock_samples_csv_sql_list_file_t files_t;
typedef exports_cellblock_samples_csv_sql_options_t options_t;
typedef exports_cellblock_samples_csv_sql_cell_t cell_t;
typedef exports_cellblock_samples_csv_sql_list_cell_t row_t;
typedef exports_cellblock_samples_csv_sql_table_t table_t;
typedef exports_cellblock_samples_csv_sql_kind_t kind_t;
typedef exports_cellblock_samples_csv_sql_column_t column_t;
typedef exports_cellblock_samples_csv_sql_schema_t schema_t;
typedef exports_cellblock_samples_csv_sql_list_schema_t schemas_t;
typedef exports_cellblock_samples_csv_sql_problem_t problem_t;

#define KIND(name) EXPORTS_CELLBLOCK_SAMPLES_CSV_SQL_KIND_##name
#define CELL(name) EXPORTS_CELLBLOCK_SAMPLES_CSV_SQL_CELL_##name
#define PROBLEM(name) EXPORTS_CELLBLOCK_SAMPLES_CSV_SQL_PROBLEM_##name

enum {
  FILES_MAX = 16,
  FILE_BYTES_MAX = 8 * 1024 * 1024,
  FIELDS_MAX = 1000 * 1000,
  COLUMNS_MAX = 500,
  NAME_BYTES_MAX = 64,
  ROWS_MAX = 10 * 1000,
  ROWS_DEFAULT = 1000,
  CELLS_MAX = 100 * 1000,
  RESULT_BYTES_MAX = 4 * 1024 * 1024,
};

/* One field, inside the text of its file. */
typedef struct {
  char *ptr;
  size_t len;
  bool is_quoted;
} field_t;

/* A file, taken apart. */
typedef struct {
  char *name;
  char **columns;
  kind_t *kinds;
  field_t *fields; /* row by row, without the first row */
  size_t column_count;
  size_t row_count;
} sheet_t;

/* text.c: copies for the host, in which what is no UTF-8 becomes U+FFFD; the host ends a call for anything else. */
text_t text_of(const char *bytes, size_t length);
text_t text_of_cstring(const char *string);
/* A message with values in it, as `printf`. */
text_t text_of_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* csv.c. Each gives whether it went well; else `problem` says why. */
bool read_sheet(file_t *file, const options_t *options, sheet_t *sheet, problem_t *problem);
bool is_empty(field_t field);

/* database.c */
bool load_sheets(sqlite3 *database, const sheet_t *sheets, size_t count, problem_t *problem);
bool run_query(sqlite3 *database, const text_t *sql, uint32_t rows_max, table_t *table, problem_t *problem);

#endif

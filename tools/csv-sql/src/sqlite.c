/* SQLite for databases in memory and nothing else: no files, no clock, no chance, no extensions. */
#define SQLITE_OS_OTHER 1
#define SQLITE_THREADSAFE 0
#define SQLITE_TEMP_STORE 3
#define SQLITE_DQS 0
#define SQLITE_DEFAULT_MEMSTATUS 0
#define SQLITE_LIKE_DOESNT_MATCH_BLOBS 1
#define SQLITE_ENABLE_MATH_FUNCTIONS 1
#define SQLITE_OMIT_DEPRECATED 1
#define SQLITE_OMIT_LOAD_EXTENSION 1
#define SQLITE_OMIT_LOCALTIME 1
#define SQLITE_OMIT_PROGRESS_CALLBACK 1
#define SQLITE_OMIT_SHARED_CACHE 1
#define SQLITE_OMIT_TRACE 1
#define SQLITE_OMIT_UTF16 1
#define SQLITE_OMIT_WAL 1
#define SQLITE_UNTESTABLE 1
#include "sqlite3.c"

/* What SQLite asks of a system. A database in memory opens no file; time stands at the beginning of 1970 and chance is always the same,
 * so that a query gives the same result each time. */
static int no_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *out_flags) {
  file->pMethods = NULL;
  return SQLITE_CANTOPEN;
}
static int no_delete(sqlite3_vfs *vfs, const char *name, int sync) { return SQLITE_IOERR_DELETE; }
static int no_access(sqlite3_vfs *vfs, const char *name, int flags, int *found) {
  *found = 0;
  return SQLITE_OK;
}
static int same_path(sqlite3_vfs *vfs, const char *name, int room, char *out) {
  sqlite3_snprintf(room, out, "%s", name);
  return SQLITE_OK;
}
static int no_chance(sqlite3_vfs *vfs, int length, char *bytes) {
  memset(bytes, 0, (size_t)length);
  return length;
}
static int no_sleep(sqlite3_vfs *vfs, int microseconds) { return 0; }
static int no_error(sqlite3_vfs *vfs, int length, char *text) { return 0; }
static int no_time(sqlite3_vfs *vfs, sqlite3_int64 *julian_ms) {
  *julian_ms = 210866760000000;
  return SQLITE_OK;
}
static int no_time_real(sqlite3_vfs *vfs, double *julian) {
  *julian = 2440587.5;
  return SQLITE_OK;
}

int sqlite3_os_init(void) {
  static sqlite3_vfs nothing = {
    .iVersion = 2,
    .szOsFile = sizeof(sqlite3_file),
    .mxPathname = 64,
    .zName = "nothing",
    .xOpen = no_open,
    .xDelete = no_delete,
    .xAccess = no_access,
    .xFullPathname = same_path,
    .xRandomness = no_chance,
    .xSleep = no_sleep,
    .xCurrentTime = no_time_real,
    .xGetLastError = no_error,
    .xCurrentTimeInt64 = no_time,
  };
  return sqlite3_vfs_register(&nothing, 1);
}

int sqlite3_os_end(void) { return SQLITE_OK; }

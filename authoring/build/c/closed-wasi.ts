/** What a C library asks of WASI, answered inside the component, so that it imports what its world names and nothing else. */

/** Parameters of the functions of `wasi_snapshot_preview1`: `i` is 32 bits wide, `l` 64. All return an error number. */
const PARAMETERS: Readonly<Record<string, string>> = {
  clock_res_get: 'ii',
  fd_advise: 'illi',
  fd_allocate: 'ill',
  fd_close: 'i',
  fd_datasync: 'i',
  fd_fdstat_get: 'ii',
  fd_fdstat_set_flags: 'ii',
  fd_fdstat_set_rights: 'ill',
  fd_filestat_get: 'ii',
  fd_filestat_set_size: 'il',
  fd_filestat_set_times: 'illi',
  fd_pread: 'iiili',
  fd_prestat_dir_name: 'iii',
  fd_prestat_get: 'ii',
  fd_pwrite: 'iiili',
  fd_read: 'iiii',
  fd_readdir: 'iiili',
  fd_renumber: 'ii',
  fd_seek: 'ilii',
  fd_sync: 'i',
  fd_tell: 'ii',
  fd_write: 'iiii',
  path_create_directory: 'iii',
  path_filestat_get: 'iiiii',
  path_filestat_set_times: 'iiiilli',
  path_link: 'iiiiiii',
  path_open: 'iiiiillii',
  path_readlink: 'iiiiii',
  path_remove_directory: 'iii',
  path_rename: 'iiiiii',
  path_symlink: 'iiiii',
  path_unlink_file: 'iii',
  poll_oneoff: 'iiii',
  random_get: 'ii',
  sched_yield: '',
  sock_accept: 'iii',
  sock_recv: 'iiiiii',
  sock_send: 'iiiii',
  sock_shutdown: 'ii',
};

const BAD_FILE = 8;
const NO_SUCH_FUNCTION = 52;

/** Functions with an answer: no arguments, no environment, a clock that stands still, and an end that is a trap. */
const ANSWERED = `
#define WASI(name) __imported_wasi_snapshot_preview1_##name
int WASI(args_sizes_get)(int *count, int *bytes) { *count = *bytes = 0; return 0; }
int WASI(args_get)(int a, int b) { return 0; }
int WASI(environ_sizes_get)(int *count, int *bytes) { *count = *bytes = 0; return 0; }
int WASI(environ_get)(int a, int b) { return 0; }
int WASI(clock_time_get)(int clock, long long precision, long long *time) { *time = 0; return 0; }
_Noreturn void WASI(proc_exit)(int code) { __builtin_trap(); }
`;

/**
 * C source for these functions, under the names by which wasi-libc knows them. The linker keeps those that are used.
 *
 * There are no files: writing fails as on a closed file, also to the standard output. Time is 0. There is no chance: asking for it
 * fails. A tool that is to have any of these imports a capability for it.
 *
 * @param world - name in C of the world; the bindings want a symbol of that name from an object file that is not used.
 */
export function closedWasi(world: string): string {
  const closed = Object.entries(PARAMETERS).map(([name, parameters]) => {
    const types = [...parameters].map((kind, index) => `${kind === 'l' ? 'long long' : 'int'} p${index}`).join(', ');
    return `int WASI(${name})(${types || 'void'}) { return ${name.startsWith('fd_') ? BAD_FILE : NO_SUCH_FUNCTION}; }`;
  });
  return `${ANSWERED}${closed.join('\n')}\nvoid __component_type_object_force_link_${world}(void) {}\n`;
}

import { guest } from './guests.ts';

/* Guests that use files, through `cellblock:host/files` and through `wasi:filesystem`. */

const MEMORY = `
  (memory (export "memory") 1)
  (global $next (mut i32) (i32.const 4096))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32) (local $needed i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (local.set $needed (i32.sub (i32.add (i32.shr_u (global.get $next) (i32.const 16)) (i32.const 1)) (memory.size)))
    (if (i32.gt_s (local.get $needed) (i32.const 0)) (then (drop (memory.grow (local.get $needed)))))
    (local.get $at))`;

const HOST_FILES = 'cellblock:host/files@0.1.0';

/** Functions of `cellblock:host/files`: core parameters without the return area, and WIT. */
const FUNCTIONS = {
  mounts: ['', 'func() -> list<string>'],
  stat: ['i32 i32', 'func(path: string) -> result<entry, error>'],
  list: ['i32 i32', 'func(path: string) -> result<list<entry>, error>'],
  read: ['i32 i32 i64 i32', 'func(path: string, offset: u64, length: u32) -> result<list<u8>, error>'],
  write: ['i32 i32 i64 i32 i32', 'func(path: string, offset: u64, bytes: list<u8>) -> result<_, error>'],
  'set-size': ['i32 i32 i64', 'func(path: string, size: u64) -> result<_, error>'],
  'make-directory': ['i32 i32', 'func(path: string) -> result<_, error>'],
  remove: ['i32 i32', 'func(path: string) -> result<_, error>'],
  rename: ['i32 i32 i32 i32', 'func(old: string, new: string) -> result<_, error>'],
} as const;

/**
 * Exports every function of `cellblock:host/files` as `do-NAME` and passes each call on; `twice` writes a file and returns `err`, so that what it
 * wrote must not leave; `then-trap` traps after it wrote.
 *
 * @param errors - the cases of its `error`.
 */
export function hostFilesGuest(
  errors = 'no-entry, not-permitted, exists, is-directory, not-directory, not-empty, quota, name-too-long, invalid, io',
): Promise<Uint8Array> {
  const all = Object.entries(FUNCTIONS);
  const core = all.map(([name, [params]]) => {
    const passed = params.split(' ').filter(Boolean);
    const given = passed.map((_, at) => `(local.get ${at})`).join(' ');
    return {
      import: `(import "${HOST_FILES}" "${name}" (func $${name} (param ${params} i32)))`,
      export: `(func (export "do-${name}") (param ${params}) (result i32) (call $${name} ${given} (i32.const 64)) (i32.const 64))`,
    };
  });
  const write = '(call $write (local.get 0) (local.get 1) (i64.const 0) (i32.const 128) (i32.const 5) (i32.const 64))';
  return guest(
    `(module
      ${core.map((each) => each.import).join('\n')}
      ${MEMORY}
      (data (i32.const 128) "hello")
      ${core.map((each) => each.export).join('\n')}
      (func (export "then-fail") (param i32 i32) (result i32) ${write} (i32.const 1))
      (func (export "then-trap") (param i32 i32) ${write} unreachable))`,
    `package test:files;
     world w {
       import ${HOST_FILES};
       use ${HOST_FILES}.{entry, error};
       ${all.map(([name, [, type]]) => `export do-${name}: ${type};`).join('\n')}
       export then-fail: func(path: string) -> result;
       export then-trap: func(path: string);
     }
     package cellblock:host@0.1.0 {
       interface files {
         enum kind { file, directory }
         record entry { name: string, kind: kind, size: u64 }
         enum error { ${errors} }
         ${all.map(([name, [, type]]) => `%${name}: ${type};`).join('\n')}
       }
     }`,
  );
}

/** Exports both functions of `cellblock:host/config`. */
export function configGuest(): Promise<Uint8Array> {
  return guest(
    `(module
      (import "cellblock:host/config@0.1.0" "get" (func $get (param i32 i32 i32)))
      (import "cellblock:host/config@0.1.0" "all" (func $all (param i32)))
      ${MEMORY}
      (func (export "do-get") (param i32 i32) (result i32) (call $get (local.get 0) (local.get 1) (i32.const 64)) (i32.const 64))
      (func (export "do-all") (result i32) (call $all (i32.const 64)) (i32.const 64)))`,
    `package test:config;
     world w {
       import cellblock:host/config@0.1.0;
       export do-get: func(name: string) -> option<string>;
       export do-all: func() -> list<tuple<string, string>>;
     }
     package cellblock:host@0.1.0 {
       interface config { get: func(name: string) -> option<string>; all: func() -> list<tuple<string, string>>; }
     }`,
  );
}

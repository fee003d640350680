import { readFileSync } from 'node:fs';
import { bumpMemory, guest } from '../../../support/guests.ts';

/** Where the guest has the import write its result; far below what it allocates. */
const RESULT_AT = 64;

const WORLD = `
  world w {
    import kv; import secrets;
    use kv.{versioned, error};
    use secrets.{error as secret-error};
    export get: func(key: string) -> result<option<versioned>, error>;
    export set: func(key: string, value: list<u8>, ttl-ms: option<u64>) -> result<u64, error>;
    export compare-and-set: func(key: string, expected: option<u64>, value: list<u8>, ttl-ms: option<u64>) -> result<u64, error>;
    export delete: func(key: string) -> result<bool, error>;
    export keys: func(prefix: string, after: option<string>) -> result<list<string>, error>;
    export names: func() -> list<string>;
    export hmac-sha256: func(name: string, message: list<u8>) -> result<list<u8>, secret-error>;
    export reveal: func(name: string) -> result<string, secret-error>;
  }`;

/** Core parameters of each function, by interface: the same for import and export, since both go by the same type. */
const FUNCTIONS = {
  kv: {
    get: 'i32 i32',
    set: 'i32 i32 i32 i32 i32 i64',
    'compare-and-set': 'i32 i32 i32 i64 i32 i32 i32 i64',
    delete: 'i32 i32',
    keys: 'i32 i32 i32 i32 i32',
  },
  secrets: { names: '', 'hmac-sha256': 'i32 i32 i32 i32', reveal: 'i32 i32' },
};

const wit = (name: string): string =>
  readFileSync(new URL(`../../../../wit/host/${name}.wit`, import.meta.url), 'utf8').replace(/^package .*$/m, '');

/** A guest that passes each call on to the host's `kv` and `secrets`, built against the WIT that tools are built against. */
export function forwarder(): Promise<Uint8Array> {
  const functions = Object.entries(FUNCTIONS).flatMap(([home, types]) =>
    Object.entries(types).map(([name, params]) => ({ home, name, params })),
  );
  const imports = functions.map(
    ({ home, name, params }) =>
      `(import "cellblock:host/${home}@0.1.0" "${name}" (func $${name} ${params === '' ? '' : `(param ${params})`} (param i32)))`,
  );
  const exports = functions.map(({ name, params }) => {
    const passed = params.split(' ').flatMap((type, at) => (type === '' ? [] : [`(local.get ${at})`]));
    return `(func (export "${name}") ${params === '' ? '' : `(param ${params})`} (result i32)
      (call $${name} ${passed.join(' ')} (i32.const ${RESULT_AT})) (i32.const ${RESULT_AT}))`;
  });
  return guest(
    `(module ${imports.join('\n')}
      ${bumpMemory(64)}
      ${exports.join('\n')})`,
    `package cellblock:host@0.1.0; ${wit('kv')} ${wit('secrets')} ${WORLD}`,
  );
}

// Guests of the capability benchmark, assembled from text: one host call again and again, and streams of bytes that are read to their end.
import { readFileSync } from 'node:fs';
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { ROOT } from './machine.mjs';

/** Where results of host calls go, and where constants begin. */
const RESULT_AT = 1024;
const CONSTANTS_AT = 4096;
/** What a guest allocates begins here, anew for each host call. */
const HEAP_AT = 65536;

/** Memory with an allocator that forgets everything at each round. */
const MEMORY = `(memory (export "memory") 2 400)
  (global $next (mut i32) (i32.const ${HEAP_AT}))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32) (local $end i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
    (local.set $end (i32.add (local.get $at) (local.get 3)))
    (global.set $next (local.get $end))
    (block $fits
      (br_if $fits (i32.le_u (local.get $end) (i32.mul (memory.size) (i32.const 65536))))
      (drop (memory.grow (i32.add (i32.const 1) (i32.shr_u (i32.sub (local.get $end) (i32.mul (memory.size) (i32.const 65536))) (i32.const 16))))))
    (local.get $at))`;

/** Texts in memory: `texts.place('x')` is the core arguments that stand for it. */
class Constants {
  #at = CONSTANTS_AT;
  segments = '';

  place(text) {
    const bytes = Buffer.from(text);
    const at = this.#at;
    this.#at += bytes.length;
    const hex = [...bytes].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');
    this.segments += `(data (i32.const ${at}) "${hex}")`;
    return `(i32.const ${at}) (i32.const ${bytes.length})`;
  }
}

async function component(core, wit, world) {
  return componentNew(await componentEmbed({ binary: await parse(core), witSource: wit, world }));
}

const witOf = (name) => readFileSync(`${ROOT}wit/host/${name}.wit`, 'utf8');

/**
 * A component whose `go(n)` makes one host call `n` times.
 *
 * @param call - `{interface, function, params, args, hasResult}`: core types of the parameters, and their values as WAT; `args` gets the
 * constants. Where there is a result, its place is the last argument.
 */
export function repeatingGuest(call) {
  const constants = new Constants();
  const args = call.args(constants);
  const params = call.hasResult ? [...call.params, 'i32'] : call.params;
  const core = `(module
    (import "cellblock:host/${call.interface}@0.1.0" "${call.function}" (func $call (param ${params.join(' ')})))
    ${MEMORY}
    ${constants.segments}
    (func (export "go") (param $n i32)
      (block $done (loop $again
        (br_if $done (i32.eqz (local.get $n)))
        (global.set $next (i32.const ${HEAP_AT}))
        (call $call ${args} ${call.hasResult ? `(i32.const ${RESULT_AT})` : ''})
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $again)))))`;
  return component(core, `${witOf(call.interface)}\nworld tool { import ${call.interface}; export go: func(n: u32); }`, 'tool');
}

const NONE = '(i32.const 0)';

/** One cheap use of each capability. @param url - what `http` gets. */
export function uses(url) {
  return {
    log: {
      interface: 'log',
      function: 'write',
      params: ['i32', 'i32', 'i32'],
      args: (at) => `(i32.const 1) ${at.place('a line of forty characters, more or less')}`,
    },
    config: { interface: 'config', function: 'get', params: ['i32', 'i32'], args: (at) => at.place('region'), hasResult: true },
    'files, 1 KiB': {
      interface: 'files',
      function: 'read',
      params: ['i32', 'i32', 'i64', 'i32'],
      args: (at) => `${at.place('/in/data')} (i64.const 0) (i32.const 1024)`,
      hasResult: true,
    },
    secrets: {
      interface: 'secrets',
      function: 'hmac-sha256',
      params: ['i32', 'i32', 'i32', 'i32'],
      args: (at) => `${at.place('signing')} ${at.place('thirty-two bytes of some message')}`,
      hasResult: true,
    },
    'kv get': { interface: 'kv', function: 'get', params: ['i32', 'i32'], args: (at) => at.place('key'), hasResult: true },
    'kv set, durable': {
      interface: 'kv',
      function: 'set',
      params: ['i32', 'i32', 'i32', 'i32', 'i32', 'i64'],
      args: (at) => `${at.place('key')} ${at.place('value')} ${NONE} (i64.const 0)`,
      hasResult: true,
    },
    'http GET, 1 KiB': {
      interface: 'http',
      function: 'send',
      params: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
      args: (at) => `${at.place('GET')} ${at.place(url)} ${NONE} ${NONE} ${NONE} ${NONE} ${NONE}`,
      hasResult: true,
    },
    tools: {
      interface: 'tools',
      function: 'call',
      params: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
      args: (at) => `${at.place('add')} ${at.place('{"a":1,"b":2}')} ${NONE} ${NONE} ${NONE}`,
      hasResult: true,
    },
    progress: {
      interface: 'progress',
      function: 'report',
      params: ['i64', 'i32', 'i64', 'i32', 'i32'],
      args: (at) => `(i64.const 1) (i32.const 1) (i64.const 2) ${at.place('half of it')}`,
    },
  };
}

const STREAM_WIT = `package bench:stream;
  interface error { resource error; }
  interface poll { resource pollable { block: func(); } }
  interface streams {
    use error.{error};
    variant stream-error { last-operation-failed(error), closed }
    resource input-stream { blocking-read: func(len: u64) -> result<list<u8>, stream-error>; }
  }`;

export { Constants, component, HEAP_AT, MEMORY, RESULT_AT, STREAM_WIT };

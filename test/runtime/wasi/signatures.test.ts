import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { HTTP_RESOURCES, HTTP_SIGNATURES } from '../../../runtime/wasi/http/signatures.ts';
import { isMet, isServedResource, servedSignatures } from '../../../runtime/wasi/index.ts';
import { WASI_RESOURCES, WASI_SIGNATURES } from '../../../runtime/wasi/signatures.ts';
import { openWasi } from './guest-side.ts';

/* The table of WASI's signatures against the two things it stands between: the closed WASI and the shim's declarations. */

const SHIM = new URL('../../../node_modules/@bytecodealliance/preview2-shim/types/interfaces/', import.meta.url);

const camelCase = (kebab: string) => kebab.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
const className = (kebab: string) => camelCase(`-${kebab}`);

/** `output-stream` and `write` of `[method]output-stream.write`; no resource for a plain function. */
function split(name: string): { resource?: string; member: string } {
  const method = /^\[method\](.+)\.(.+)$/.exec(name);
  return method === null ? { member: name } : { resource: method[1]!, member: method[2]! };
}

/** The members of an import object, methods of its classes included, as `Class.member`. Releasing is for the bindings. */
function membersOf(holder: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(holder).flatMap(([key, member]) => {
    if (/^[a-z]/.test(key)) return [key];
    const { prototype } = member as { prototype: object };
    const methods = Object.getOwnPropertyNames(prototype).filter((name) => !['constructor', 'release'].includes(name));
    return methods.map((name) => `${key}.${name}`);
  });
}

/** Reads one signature and writes it as jco declares it: `func(a: u8) -> option<string>` as `(a:number):string|undefined`. */
class Reading {
  readonly #tokens: string[];
  /** The last name that was read. */
  #last = '';

  constructor(line: string) {
    this.#tokens = line.match(/->|[<>(){},:_]|[a-z0-9-]*[a-z0-9]/g) ?? [];
  }

  signature(): string {
    this.#take('func');
    const params = this.#list('(', ')', () => {
      const name = this.#name();
      this.#take(':');
      return { name, type: this.#type() };
    });
    if (this.#tokens.length > 0) this.#take('->');
    const result = this.#tokens.length === 0 ? 'void' : this.#result();
    expect(this.#tokens).toEqual([]);
    const shown = params.filter(({ name }) => name !== 'self').map(({ name, type }) => `${camelCase(name)}:${type}`);
    return `(${shown.join()}):${result}`;
  }

  /** A result that a function returns: its error is thrown. */
  #result(): string {
    if (this.#tokens[0] !== 'result') return this.#type();
    this.#take('result');
    return this.#list('<', '>', () => this.#type())[0]!;
  }

  #type(): string {
    const kind = this.#name();
    switch (kind) {
      case '_':
        return 'void';
      case 'list':
        return this.#array(this.#inner());
      case 'option':
        return `${this.#inner()}|undefined`;
      case 'own':
      case 'borrow':
        return className(this.#list('<', '>', () => this.#name())[0]!);
      case 'tuple':
        return `[${this.#list('<', '>', () => this.#type()).join()}]`;
      case 'result': {
        const [ok, err] = this.#list('<', '>', () => this.#type());
        return `{tag:'ok',val:${ok}}|{tag:'err',val:${err}}`;
      }
      case 'enum':
        return this.#list('{', '}', () => `'${this.#name()}'`).join('|');
      case 'flags':
        return `{${this.#list('{', '}', () => `${camelCase(this.#name())}?:boolean`).join()}}`;
      case 'record':
        return `{${this.#list('{', '}', () => this.#field()).join()}}`;
      case 'variant':
        return this.#list('{', '}', () => this.#case()).join('|');
      default:
        return /^[us](8|16|32)$/.test(kind) ? 'number' : /^[us]64$/.test(kind) ? 'bigint' : kind === 'bool' ? 'boolean' : kind;
    }
  }

  #array(element: string): string {
    if (this.#last === 'u8') return 'Uint8Array';
    return this.#last === 'u32' ? 'Uint32Array' : `Array<${element}>`;
  }

  #field(): string {
    const name = camelCase(this.#name());
    this.#take(':');
    const type = this.#type();
    return type.endsWith('|undefined') ? `${name}?:${type.slice(0, -'|undefined'.length)}` : `${name}:${type}`;
  }

  #case(): string {
    const name = this.#name();
    return this.#tokens[0] === '(' ? `{tag:'${name}',val:${this.#list('(', ')', () => this.#type())[0]}}` : `{tag:'${name}'}`;
  }

  #inner(): string {
    return this.#list('<', '>', () => this.#type())[0]!;
  }

  #list<T>(open: string, close: string, one: () => T): T[] {
    const found: T[] = [];
    this.#take(open);
    while (this.#tokens[0] !== close) {
      found.push(one());
      if (this.#tokens[0] !== close) this.#take(',');
    }
    this.#take(close);
    return found;
  }

  #name(): string {
    const name = this.#tokens.shift() ?? '';
    expect(name).toMatch(/^([a-z][a-z0-9-]*|_)$/);
    this.#last = name;
    return name;
  }

  #take(token: string): void {
    expect(this.#tokens.shift()).toBe(token);
  }
}

/** One file of the shim's declarations, with every type of its own and of the files it imports from written out. */
class Declarations {
  readonly #text: string;

  constructor(name: string) {
    const text = readFileSync(new URL(`${name}.d.ts`, SHIM), 'utf8');
    this.#text = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*/g, '');
  }

  /** As `Reading` writes it; undefined when there is none. */
  signature(resource: string | undefined, member: string): string | undefined {
    const within = resource === undefined ? this.#text : this.#body(`class ${className(resource)} `);
    const start = resource === undefined ? 'export function ' : '\\n\\s*';
    const found = new RegExp(`${start}${camelCase(member)}\\(([^)]*)\\): ([^;]+);`).exec(within);
    if (found === null) return undefined;
    const params = found[1] === '' ? [] : found[1]!.split(/, (?=\w+: )/).map((param) => param.split(': ') as [string, string]);
    if (params.some((param) => param.length !== 2)) throw new Error(`cannot read the parameters of ${member}`);
    const shown = params.map(([name, type]) => `${name.replace(/_$/, '')}:${this.#expand(type)}`);
    return `(${shown.join()}):${this.#expand(found[2]!)}`;
  }

  #expand(type: string): string {
    const spread = type.replace(/'[^']*'|\b[A-Z]\w*(<void, void>)?/g, (word) => this.#named(word));
    return spread.replace(/\s+/g, '').replace(/,}/g, '}');
  }

  #named(word: string): string {
    if (word.startsWith("'")) return word;
    if (word === 'Result<void, void>') return "{tag:'ok',val:void}|{tag:'err',val:void}";
    const imported = new RegExp(`export type ${word} = import\\('\\./(.+)\\.js'\\)\\.(\\w+);`).exec(this.#text);
    if (imported !== null) return new Declarations(imported[1]!).#named(imported[2]!);
    const alias = new RegExp(`export type ${word} = ([^;]+);`).exec(this.#text);
    if (alias !== null) return this.#expand(alias[1]!);
    return this.#text.includes(`export interface ${word} {`) ? this.#expand(`{${this.#body(`interface ${word} `)}}`) : word;
  }

  #body(head: string): string {
    return new RegExp(`export ${head}\\{([^}]*)\\}`).exec(this.#text)?.[1] ?? '';
  }
}

const ALL = Object.entries(WASI_SIGNATURES).flatMap(([id, functions]) =>
  Object.entries(functions).map(([name, line]) => ({ id, name, line })),
);

describe('the signatures of WASI', () => {
  it('are those of every function and method that is served, and of no other', () => {
    for (const [id, holder] of Object.entries(openWasi().wasi.imports)) {
      const listed = Object.keys(WASI_SIGNATURES[id] ?? {}).map((name) => {
        const { resource, member } = split(name);
        return resource === undefined ? camelCase(member) : `${className(resource)}.${camelCase(member)}`;
      });
      expect(listed.sort(), id).toEqual(membersOf(holder).sort());
    }
  });

  it.each(ALL.filter(({ name }) => name !== 'exit-with-code'))(
    'are as the shim declares them: $id $name',
    ({ id, name, line }) => {
      const { resource, member } = split(name);
      const declared = new Declarations(id.replace(/[:/]/g, '-')).signature(resource, member);
      expect(new Reading(line).signature()).toBe(declared);
    },
  );

  it('name only resources that are served, by the interfaces that have them', () => {
    const used = ALL.flatMap(({ line }) => [...line.matchAll(/(?:own|borrow)<([^>]*)>/g)].map((match) => match[1]));
    expect(used.filter((name) => !Object.hasOwn(WASI_RESOURCES, name!))).toEqual([]);
    const { wasi } = openWasi();
    for (const [name, id] of Object.entries(WASI_RESOURCES)) {
      expect(wasi.imports[id], name).toHaveProperty(className(name));
      expect(isServedResource(name, `${id}@0.2.99`)).toBe(true);
      expect(isServedResource(name, `${id}@0.3.0`)).toBe(false);
      expect(isServedResource(name, undefined)).toBe(false);
    }
    expect(isServedResource('pollable', 'wasi:io/streams@0.2.0')).toBe(false);
    expect(isServedResource('constructor', 'wasi:io/streams@0.2.0')).toBe(false);
  });

  it('are the same for every patch of 0.2, and none elsewhere', () => {
    expect(servedSignatures('wasi:io/streams@0.2.99')).toBe(WASI_SIGNATURES['wasi:io/streams']);
    expect(servedSignatures('wasi:io/streams@0.3.0')).toEqual({});
    expect(servedSignatures('wasi:sockets/tcp@0.2.3')).toEqual({});
    expect(servedSignatures('wasi:http/types@0.2.3')).toBe(HTTP_SIGNATURES['wasi:http/types']);
    expect(servedSignatures('wasi:http/types@0.3.0')).toEqual({});
    expect(servedSignatures('wasi:http/incoming-handler@0.2.3')).toEqual({});
  });
});

describe('the signatures of wasi:http', () => {
  const { wasi } = openWasi({ http: true, back: () => undefined });

  it('are those of every function, method and static function that is served, and of no other', () => {
    for (const [id, functions] of Object.entries(HTTP_SIGNATURES)) {
      const holder = wasi.imports[id] ?? {};
      const names = Object.keys(functions);
      const plain = names
        .filter((name) => !/^\[(constructor|static)\]/.test(name))
        .map((name) => {
          const { resource, member } = split(name);
          return resource === undefined ? camelCase(member) : `${className(resource)}.${camelCase(member)}`;
        });
      expect(plain.sort(), id).toEqual(membersOf(holder).sort());
      for (const name of names) {
        const [, resource, member] = /^\[static\](.+)\.(.+)$/.exec(name) ?? [];
        if (resource !== undefined)
          expect(Reflect.get(holder[className(resource)] as object, camelCase(member!)), name).toBeTypeOf('function');
      }
    }
  });

  it('name only resources that are served, which are of no other interface', () => {
    const lines = Object.values(HTTP_SIGNATURES).flatMap((functions) => Object.values(functions));
    const all = { ...WASI_RESOURCES, ...HTTP_RESOURCES };
    const used = lines.flatMap((line) => [...line.matchAll(/(?:own|borrow)<([^>]*)>/g)].map((match) => match[1]));
    expect(used.filter((name) => !Object.hasOwn(all, name!))).toEqual([]);
    for (const [name, id] of Object.entries(HTTP_RESOURCES)) {
      expect(wasi.imports[id], name).toHaveProperty(className(name));
      expect(isServedResource(name, `${id}@0.2.99`)).toBe(true);
      expect(isServedResource(name, `${id}@0.3.0`)).toBe(false);
      expect(Object.hasOwn(WASI_RESOURCES, name)).toBe(false);
    }
  });

  it('make no interface one that everyone is given', () => {
    expect(Object.keys(HTTP_SIGNATURES).map((id) => isMet(`${id}@0.2.3`))).toEqual([false, false]);
  });
});

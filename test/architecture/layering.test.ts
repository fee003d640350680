import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/* Reads the import graph from the sources and holds the layering of ARCHITECTURE.md. */

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

interface Import {
  readonly from: string;
  /** Repository path of a relative import; the package name of any other. */
  readonly to: string;
}

function sourceFiles(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const found = [
    ...text.matchAll(
      /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s*'([^']+)'|\bimport\(\s*'([^']+)'\s*\)|(?:^|\n)import\s*'([^']+)'/g,
    ),
  ];
  return found.map((match) => {
    const to = match[1] ?? match[2] ?? match[3] ?? '';
    return { from: file, to: to.startsWith('.') ? relative(ROOT, resolve(ROOT, dirname(file), to)) : to };
  });
}

const runtime = sourceFiles('runtime').flatMap(importsOf);
const host = sourceFiles('host').flatMap(importsOf);
const authoring = sourceFiles('authoring')
  .flatMap(importsOf)
  .filter(({ from }) => !from.startsWith('authoring/templates/'));
const all = [...runtime, ...host, ...authoring];

/** Files that import a package, by its name or a path below it. */
function usersOf(name: string): string[] {
  return [...new Set(all.filter(({ to }) => to === name || to.startsWith(`${name}/`)).map(({ from }) => from))].sort();
}

describe('layering', () => {
  it('reads a graph that is not empty', () => {
    expect(runtime.length).toBeGreaterThan(50);
    expect(host.length).toBeGreaterThan(20);
  });

  it('keeps runtime/ free of host/, zod, yaml, commander and MCP', () => {
    const forbidden = runtime.filter(({ to }) => /^(host\/|zod|yaml|commander|@modelcontextprotocol)/.test(to));
    expect(forbidden).toEqual([]);
  });

  it('lets host/ reach runtime/ through its index only', () => {
    expect(host.filter(({ to }) => to.startsWith('runtime/') && to !== 'runtime/index.ts')).toEqual([]);
  });

  it('lets authoring/ reach runtime/ through its index only, and nothing but the command line reach authoring/', () => {
    expect(authoring.filter(({ to }) => to.startsWith('runtime/') && to !== 'runtime/index.ts')).toEqual([]);
    const users = [...runtime, ...host].filter(({ to }) => to.startsWith('authoring/')).map(({ from }) => from);
    expect(users.filter((from) => !from.startsWith('host/cli/'))).toEqual([]);
  });

  it('lets nothing import the command line', () => {
    expect(all.filter(({ from, to }) => to.startsWith('host/cli/') && !from.startsWith('host/cli/'))).toEqual([]);
  });

  it('lets only those who open a warden know it', () => {
    const users = host.filter(({ to }) => to === 'host/warden.ts' || to === 'host/open-warden.ts').map(({ from }) => from);
    const allowed = (from: string) =>
      from === 'host/index.ts' || from === 'host/open-warden.ts' || /^host\/(cli|serving)\//.test(from);
    expect(users.filter((from) => !allowed(from))).toEqual([]);
  });

  it('lets the rooms of host/ know what flows to them, and nothing of what comes later', () => {
    // A room may import from itself, from the runtime, and from these.
    const rooms: Readonly<Record<string, readonly string[]>> = {
      policy: ['host/regular-file.ts'],
      audit: ['host/policy/', 'host/regular-file.ts', 'host/sqlite.ts'],
      approvals: ['host/policy/', 'host/audit/', 'host/outbound/'],
      alerts: ['host/policy/', 'host/audit/', 'host/outbound/'],
      outbound: ['host/policy/'],
      capabilities: ['host/policy/', 'host/regular-file.ts', 'host/sqlite.ts'],
      mcp: ['host/serving/', 'host/policy/', 'host/approvals/'],
      http: ['host/serving/', 'host/policy/', 'host/approvals/', 'host/audit/', 'host/mcp/', 'host/console/', 'host/telemetry/'],
      console: [
        'host/serving/',
        'host/policy/',
        'host/policy-tools/',
        'host/approvals/',
        'host/audit/',
        'host/capabilities/',
        'host/request.ts',
      ],
      adapters: ['host/serving/'],
      client: ['host/serving/'],
      telemetry: ['host/serving/', 'host/policy/', 'host/audit/'],
    };
    for (const [room, allowed] of Object.entries(rooms)) {
      const own = host.filter(({ from, to }) => from.startsWith(`host/${room}/`) && to.startsWith('host/'));
      const ways = [`host/${room}/`, ...allowed];
      expect(own.filter(({ to }) => !ways.some((way) => to.startsWith(way)))).toEqual([]);
    }
  });

  it('gives each heavy package one home', () => {
    expect(usersOf('piscina')).toEqual(['runtime/cell/thread-workers.ts']);
    expect(usersOf('@bytecodealliance/jco-transpile')).toEqual(['authoring/wasm-tools.ts', 'runtime/bindings/jco-transpile.ts']);
    expect(usersOf('commander').every((file) => file.startsWith('host/cli/'))).toBe(true);
    expect(usersOf('re2js')).toEqual(['host/policy/conditions/pattern.ts']);
    expect(usersOf('@marcbachmann/cel-js').every((file) => file.startsWith('host/policy/conditions/when'))).toBe(true);
    expect([...usersOf('libsql'), ...usersOf('node:sqlite')].every((file) => file === 'host/sqlite.ts')).toBe(true);
    expect(usersOf('yaml').every((file) => file.startsWith('host/policy/'))).toBe(true);
    expect(usersOf('zod').every((file) => /^(host\/(policy|capabilities|http)|authoring)\//.test(file))).toBe(true);
    expect(usersOf('@modelcontextprotocol').every((file) => file.startsWith('host/mcp/'))).toBe(true);
    expect(usersOf('hono').every((file) => /^host\/(http|console)\//.test(file))).toBe(true);
    expect(usersOf('@hono').every((file) => file.startsWith('host/http/'))).toBe(true);
    expect([...usersOf('pino'), ...usersOf('prom-client')].every((file) => file.startsWith('host/telemetry/'))).toBe(true);
    expect(usersOf('@opentelemetry').every((file) => file.startsWith('host/telemetry/'))).toBe(true);
    expect(usersOf('jose')).toEqual(['host/serving/principals.ts']);
    expect(usersOf('undici').every((file) => file.startsWith('host/capabilities/http/'))).toBe(true);
    expect(usersOf('ipaddr.js').every((file) => file.startsWith('host/capabilities/http/'))).toBe(true);
  });

  it('keeps our own bindings free of jco and of the cell', () => {
    const own = runtime.filter(({ from }) => from.startsWith('runtime/bindings/own/'));
    expect(own.length).toBeGreaterThan(20);
    expect(own.filter(({ to }) => /jco/.test(to) || to.startsWith('runtime/cell/'))).toEqual([]);
  });

  it('never loads the Node side of the WASI shim: its files, sockets and streams are the real ones', () => {
    const loaded = all.filter(({ to }) => to.startsWith('@bytecodealliance/preview2-shim'));
    expect(loaded.filter(({ to }) => !to.startsWith('@bytecodealliance/preview2-shim/interfaces/'))).toEqual([]);
  });

  it('has no cycle between the rooms of runtime/', () => {
    const room = (path: string) => (path.split('/').length > 2 ? path.split('/').slice(0, 2).join('/') : path);
    const edges = new Map<string, Set<string>>();
    for (const { from, to } of runtime) {
      if (!to.startsWith('runtime/') || room(from) === room(to)) continue;
      edges.set(room(from), (edges.get(room(from)) ?? new Set()).add(room(to)));
    }
    expect(findCycle(edges)).toBeUndefined();
  });

  it('has no circle of files in host/, types included', () => {
    const edges = new Map<string, Set<string>>();
    for (const { from, to } of host.filter(({ to }) => to.startsWith('host/'))) {
      edges.set(from, (edges.get(from) ?? new Set()).add(to));
    }
    expect(edges.size).toBeGreaterThan(100);
    expect(findCycle(edges)).toBeUndefined();
  });

  it('piscina loads a CommonJS file: required as ES modules, a worker that is ended meanwhile aborts Node 20', () => {
    for (const [user, entry] of [
      ['cell/thread-workers.ts', 'cell/worker-entry'],
      ['runner/runner-main.ts', 'runner/descriptor-entry'],
    ] as const) {
      const [folder, name] = entry.split('/');
      const text = readFileSync(new URL(`../../runtime/${user}`, import.meta.url), 'utf8');
      expect(text).toMatch(new RegExp(`openThreads\\('(\\./|\\.\\./${folder}/)${name}\\.cjs'`));
      expect(readFileSync(new URL(`../../runtime/${entry}.cts`, import.meta.url), 'utf8')).not.toMatch(/^(import|export) /m);
    }
  });
});

function findCycle(edges: ReadonlyMap<string, ReadonlySet<string>>): string[] | undefined {
  const done = new Set<string>();
  const visit = (node: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node];
    if (done.has(node)) return undefined;
    for (const next of edges.get(node) ?? []) {
      const cycle = visit(next, [...path, node]);
      if (cycle !== undefined) return cycle;
    }
    done.add(node);
    return undefined;
  };
  for (const node of edges.keys()) {
    const cycle = visit(node, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

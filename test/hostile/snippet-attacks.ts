/** What a hostile snippet does: statements, by kind. They go into any of the settings of `snippet-settings.ts`. */

/** Numbers that follow from a seed: mulberry32, by Tommy Ettinger (public domain). */
export type Chance = (below: number) => number;

export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below;
  };
}

const whole = (chance: Chance, below: number): number => Math.floor(chance(below));
const one = <Item>(chance: Chance, ...items: readonly Item[]): Item => items[whole(chance, items.length)]!;

/** By kind; each gives statements without `await`. */
export const ATTACKS: Readonly<Record<string, readonly ((chance: Chance) => string)[]>> = {
  loops: [
    (c) =>
      one(
        c,
        'for (;;);',
        'while (true) {}',
        'do {} while (1);',
        'a: for (;;) { for (;;) continue a }',
        'for (let i = 0; i >= 0; i++);',
      ),
    (c) => `const o = {}; for (let i = 0; ; i++) o["k" + (i % ${1 + whole(c, 5000)})] = i;`,
    (c) => `const list = [1]; for (const x of list) list.push(x + ${whole(c, 9)});`,
    (c) => `for (const x of { [Symbol.iterator]() { return { next: () => ({ done: false, value: ${whole(c, 9)} }) } } });`,
    (c) =>
      `[].${one(c, 'indexOf', 'includes', 'lastIndexOf', 'fill', 'reverse', 'join')}.call({ length: 2 ** ${31 + whole(c, 22)} }, 1);`,
  ],
  recursion: [
    (c) => `const f = (...all) => f(...all, ${whole(c, 9)}) + 1; f();`,
    () => 'const f = () => g(), g = () => f(); f();',
    (c) => `const o = { get x() { return this.x }, ${one(c, 'toString', 'valueOf')}() { return \`\${this.x}\` } }; \`\${o}\`;`,
    () => 'const p = new Proxy({}, { get: (t, k, r) => r[k], has: (t, k) => k in p }); p.x || "x" in p;',
    (c) =>
      `const f = () => ${one(c, '[1, 2].sort(f)', '[1].map(f)', '"a".replace(/a/, f)', 'JSON.parse("[1]", f)', 'Reflect.construct(f2, [])', 'JSON.stringify({ toJSON: f })')}; const f2 = function () { f() }; f();`,
    (c) => `let f = () => 1; for (let i = 0; i < ${1000 + whole(c, 20000)}; i++) f = f.bind(null); f();`,
    (c) =>
      `let o = ${one(c, '[]', '{}')}; for (let i = 0; i < ${20000 + whole(c, 20000)}; i++) o = [o]; ${one(c, 'JSON.stringify(o)', 'String(o)', 'o.flat(Infinity)', 'o = null')};`,
    () => 'function* g() { yield* g() } [...g()];',
  ],
  memory: [
    (c) =>
      `const all = []; for (;;) all.push(new ${one(c, 'Uint8Array', 'ArrayBuffer', 'Float64Array', 'SharedArrayBuffer')}(${1000 + whole(c, 100000)}));`,
    (c) =>
      `const all = new ${one(c, 'Map', 'Set')}(); for (let i = 0; ; i++) all.${one(c, 'set', 'add')}?.({ i }, i) ?? all.clear();`,
    (c) => `let s = "x"; for (;;) s += s + ${whole(c, 9)};`,
    (c) => `"ab".${one(c, 'repeat', 'padEnd', 'padStart')}(2 ** ${22 + whole(c, 12)});`,
    (c) => `2n ** (2n ** ${20 + whole(c, 20)}n);`,
    (c) => `new Array(${2 ** 20 + whole(c, 2 ** 31)}).fill(0);`,
    (c) => `const all = []; for (;;) all.push(() => all, /${whole(c, 9)}/, Symbol("s"), new Error("e"), {}, [all]);`,
    (c) => `let a = [1]; for (;;) a = [...a, ...a, ${whole(c, 9)}];`,
    (c) => `const b = new ArrayBuffer(8, { maxByteLength: 2 ** ${24 + whole(c, 8)} }); for (let i = 3; ; i++) b.resize(2 ** i);`,
    (c) => `const all = []; for (;;) try { all.push("x".repeat(${10000 + whole(c, 99999)}) + all.length) } catch { }`,
  ],
  patterns: [
    (c) =>
      `/${one(c, '(a+)+$', '(a|a)*$', '(a|aa)+$', '(.*a){12}$', '^(([a-z])+.)+[A-Z]$', '(?=(a+))*b', '(?<=(a+)+)b')}/${one(c, '', 'u', 'v', 'i', 's')}.exec("a".repeat(${24 + whole(c, 40)}) + "!");`,
    (c) => `/^(?:${one(c, 'a', '.', '\\w', '[^]')}|a)*$/.test("a".repeat(${100000 + whole(c, 900000)}));`,
    (c) => `new RegExp("(".repeat(${whole(c, 60000)}) + ")".repeat(${whole(c, 60000)}));`,
    (c) => `new RegExp("(?:a{1,${1000 + whole(c, 60000)}}){1,${1000 + whole(c, 60000)}}b").test("a".repeat(5000));`,
    (c) =>
      `const r = /a/${one(c, 'g', 'y', 'gy')}; r.exec = () => ({ index: 0, 0: "" }); "aaa".${one(c, 'replace', 'replaceAll', 'match', 'split', 'search')}(r, "b");`,
    (c) =>
      `"${'\\ud83d'.repeat(1 + whole(c, 30))}".normalize("${one(c, 'NFD', 'NFKC')}").replace(/(?:)/gu, () => "x".repeat(1e6));`,
  ],
  prototypes: [
    (c) =>
      `Object.defineProperty(Object.prototype, "${one(c, 'value', 'then', 'toJSON', 'get', 'length', 'name', 'message', 'stack', 'next', 'constructor')}", { get() { ${one(c, 'throw 1', 'for (;;);', 'return this', 'return tools')} }, configurable: true });`,
    (c) =>
      `Object.prototype.${one(c, 'value', 'then', 'toJSON', 'next')} = ${one(c, '() => { throw 1 }', '() => Promise.prototype', '7', 'function () { return this }')};`,
    (c) =>
      `globalThis.${one(c, 'JSON', 'Promise', 'Function', 'console', 'tools', 'Object', 'Array', 'Error', 'Symbol')} = ${one(c, 'null', 'new Proxy(function () {}, { get() { throw 1 } })', '() => { for (;;); }')};`,
    (c) =>
      `${one(c, 'Promise.prototype.then', 'Array.prototype.push', 'Function.prototype.call', 'String.prototype.toString', 'Error.prototype.toString', 'Map.prototype.get')} = () => { ${one(c, 'throw 1', 'for (;;);', 'return tools.kube({})')} };`,
    (c) =>
      `Object.setPrototypeOf(${one(c, 'globalThis', 'Object.prototype', 'Array.prototype', 'tools', 'console')}, new Proxy({}, { get(t, k) { ${one(c, 'throw k', 'return () => k', 'for (;;);')} } }));`,
    (c) =>
      `Error.${one(c, 'prepareStackTrace', 'stackTraceLimit', 'captureStackTrace')} = ${one(c, '() => { throw 1 }', '(e, s) => { for (;;); }', '{ valueOf() { throw 1 } }', '1e9', '(e, s) => s[0].getFunction().caller')}; null.x;`,
    (c) =>
      `class A extends Array { static get [Symbol.species]() { ${one(c, 'return Proxy', 'throw 1', 'return class { constructor() { return tools } }', 'return A')} } } new A(3).fill(1).${one(c, 'map', 'filter', 'slice', 'splice', 'concat', 'flatMap')}((x) => [x]);`,
    (c) =>
      `class P extends Promise { static get [Symbol.species]() { return ${one(c, 'function (f) { f(() => {}, () => {}) }', 'Object', 'undefined', 'P')} } } P.resolve(1).then(() => tools.x());`,
    () =>
      'const f = Object.getOwnPropertyNames(globalThis).map((k) => globalThis[k]); for (const x of f) try { Object.freeze(x); Object.freeze(x.prototype) } catch { }',
    () => 'for (const k of Object.getOwnPropertyNames(globalThis)) try { delete globalThis[k] } catch { }',
  ],
  tools: [
    (c) =>
      `tools["${one(c, 'kubectl-plan', 'kube-restart', 'code-interpreter', '__proto__', 'constructor', 'redact ', 'REDACT', 'redact.redact.x', '../redact', 'x'.repeat(9999))}"]({ text: "a" });`,
    (c) => `for (;;) try { tools.${one(c, 'redact', 'nothing', 'redact.text')}({ text: "x" }) } catch { }`,
    (c) => `tools.redact({ text: "a".repeat(${100000 + whole(c, 3_000_000)}), options: { custom: [] } });`,
    (c) =>
      `tool("redact", { text: "a", options: { custom: [] } }, ${one(c, '"w".repeat(1e6)', '"\\ud800\\0\\n"', '{ toString() { for (;;); } }', 'Symbol("w")', '""')});`,
    (c) =>
      `tools.redact(${one(c, 'null', '[]', '"text"', '1e400', '() => 1', 'new Proxy({}, { ownKeys: () => Array(1e5).fill().map((_, i) => "k" + i), getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }) })', '{ text: 1n }', 'globalThis', '{ get text() { return tools.redact(this) } }')});`,
    (c) =>
      `Reflect.${one(c, 'apply(tools.kube, null, [{}])', 'construct(tools.kube, [])', 'get(tools, "kube")({})', 'ownKeys(tools)', 'defineProperty(tools, "redact", { value: 1 })', 'setPrototypeOf(tools, null)', 'get(Object.create(tools), "kube")()')};`,
    () => 'try { tools.kube({}) } catch (e) { e.code = "ok"; Object.setPrototypeOf(e, null); Object.freeze(e); throw e }',
    () =>
      'tools.redact({ text: "ann@example.com", options: { custom: [] }, toJSON() { try { tools.kube({}) } catch { } return this } });',
  ],
  console: [
    (c) => `for (;;) console.${one(c, 'log', 'error', 'warn')}("${'x'.repeat(1 + whole(c, 50))}");`,
    (c) => `console.log("y".repeat(${100000 + whole(c, 10_000_000)}));`,
    () => 'const o = { toJSON() { console.log(o); return o } }; console.log(o);',
    (c) =>
      `console.log(${one(c, 'Symbol("s")', 'new Proxy({}, { get() { throw 1 } })', '{ toString: null, toJSON: null }', '"\\udfff\\ud800"', 'globalThis', 'Object.create(null)', 'new Proxy(function () {}, {})')});`,
    (c) => `const p = Proxy.revocable({}, {}); p.revoke(); console.log(p.proxy, ${whole(c, 9)}); throw p.proxy;`,
    (c) =>
      `const e = new Error("m".repeat(${whole(c, 99999)})); Object.defineProperty(e, "${one(c, 'name', 'message', 'stack')}", { get() { ${one(c, 'throw e', 'return {}', 'console.log(e); return "x"')} } }); console.log(e); throw e;`,
  ],
  jobs: [
    (c) =>
      `const f = () => ${one(c, 'queueMicrotask(f)', 'Promise.resolve().then(f)', 'setTimeout(f)', 'new Promise((r) => r({ then: f }))')}; f();`,
    (c) => `for (let i = 0; i < ${200 + whole(c, 5000)}; i++) Promise.reject(i);`,
    (c) => `for (let i = 0; i < ${900 + whole(c, 500)}; i++) setTimeout(() => { throw i }, ${whole(c, 99)});`,
    (c) =>
      `setInterval(() => console.log(Date.now()), ${one(c, '0', '-1', 'NaN', 'Infinity', '1e308', '{ valueOf() { for (;;); } }', 'Symbol()', '2 ** 53')});`,
    () => 'const t = { then(r) { r(t) } }; Promise.resolve(t);',
    () => '(async () => { for await (const x of (async function* () { for (;;) yield 1 })()); })();',
    (c) =>
      `Promise.${one(c, 'all', 'race', 'any', 'allSettled')}({ [Symbol.iterator]: () => ({ next: () => ({ value: ${whole(c, 9)} }) }) });`,
    () => 'let p = Promise.resolve(); for (let i = 0; i < 20000; i++) p = p.then(() => p); p.then(() => tools.kube({}));',
    () =>
      'queueMicrotask(() => { throw { toJSON() { throw 1 }, toString() { throw 2 } } }); Promise.reject(new Proxy({}, { get() { throw 3 } }));',
    (c) =>
      `(async () => { await null; throw ${one(c, 'null', 'undefined', 'tools', 'new Error("e")', 'Promise.reject(1)')} })();`,
  ],
  engine: [
    (c) =>
      `const b = new ArrayBuffer(64, { maxByteLength: 4096 }), t = new ${one(c, 'Uint8Array', 'Float64Array', 'BigInt64Array')}(b); t.sort(() => { b.resize(${whole(c, 8)}); return -1 }); t.fill({ valueOf() { b.transfer?.(0); return 1 } });`,
    (c) =>
      `const a = [1, 2, 3, 4]; a.${one(c, 'sort', 'map', 'reduce', 'filter', 'findLast', 'copyWithin', 'splice')}((x) => { a.length = ${whole(c, 3)}; a[${whole(c, 2 ** 20)}] = x; return x }, { valueOf() { a.length = 0; return 2 } });`,
    (c) =>
      `const d = new DataView(new ArrayBuffer(8)); d.${one(c, 'getFloat64', 'setBigInt64', 'getInt32')}(${one(c, '-1', '2 ** 53', 'NaN', '{ valueOf() { return 1e9 } }')}, 1);`,
    (c) =>
      `const v = [1, , 3]; v.__proto__ = { get 1() { v.length = ${whole(c, 3)}; return 9 } }; [...v, v.concat(v), v.toSorted(), v.with(0, 1), v.flat(), structuredClone?.(v)];`,
    (c) =>
      `const w = new WeakRef({}), r = new FinalizationRegistry(() => tools.kube({})); for (let i = 0; i < ${whole(c, 20000)}; i++) r.register({}, i); w.deref();`,
    (c) =>
      `JSON.parse('[1,{"a":[2]},3]', function (k, v) { ${one(c, 'this.length = 0', 'delete this.a', 'this[0] = this', 'Object.defineProperty(this, "1", { get() { throw 1 } })')}; return v });`,
    (c) =>
      `new Date(${one(c, '8.64e15', '1e400', '-8.64e15', '{ [Symbol.toPrimitive]() { throw 1 } }')}).${one(c, 'toISOString', 'toString', 'toLocaleString', 'toJSON')}();`,
    (c) =>
      `const m = new Map([[1, 1]]); for (const [k] of m) { m.delete(k); m.set(k + 1, k); if (k > ${whole(c, 99999)}) m.clear() }`,
    (c) =>
      `Function("${'a,'.repeat(whole(c, 500))}a", "return ${one(c, 'arguments.callee', 'this', 'new.target', 'super.x', 'import.meta')}")();`,
    (c) =>
      `(0, eval)("${'x'.repeat(1 + whole(c, 99))} = 1; var ${'v,'.repeat(whole(c, 2000))}z; (function () { return arguments })(${'1,'.repeat(whole(c, 2000))}1)");`,
    (c) =>
      `const it = Iterator.from({ next() { return { done: false, value: 1 } } }); it.${one(c, 'toArray()', 'drop(Infinity).next()', 'flatMap((x) => it).toArray()', 'map(() => { it.return() }).take(5).toArray()', 'reduce((a) => a + 1)')};`,
    (c) =>
      `class A { #x = 1; static { try { A.#y } catch { } } static #y = ${one(c, 'A.nope.x', 'tools.kube({})', 'new A().#x')}; constructor() { return new Proxy(this, {}) } get() { return this.#x } } new A().get();`,
  ],
};

import { repeat } from '../data.mjs';

const PROGRAM = `(() => {
  const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2));
  let sum = fib(20);
  const list = [];
  for (let i = 0, x = 12345; i < 12000; i++) { x = (x * 1103515245 + 12345) & 0x7fffffff; list.push(x % 100000); }
  list.sort((a, b) => a - b);
  const map = new Map();
  for (const value of list) { const key = 'k' + (value % 997); map.set(key, (map.get(key) || 0) + value); }
  for (const [key, value] of map) sum = (sum * 31 + key.length + value) % 1000000007;
  const objects = JSON.parse(JSON.stringify(list.slice(0, 3000).map((value, id) => ({ id, value, tags: [value % 3, value % 5] }))));
  sum += objects.filter((object) => object.tags[0] === 1).map((object) => object.value).reduce((a, b) => (a + b) % 1000003, 0);
  let text = '';
  for (let i = 0; i < 3000; i++) text += String.fromCharCode(97 + (i * 7) % 26);
  sum += (text.match(/a[b-z]{2}c?/g) || []).length + text.replace(/[aeiou]/g, (c) => c.toUpperCase()).split('A').length;
  class Point { constructor(x, y) { this.x = x; this.y = y; } add(other) { return new Point(this.x + other.x, this.y + other.y); } }
  let point = new Point(0, 0);
  for (let i = 0; i < 15000; i++) point = point.add(new Point(i & 3, 1));
  return sum + ':' + point.x + ':' + point.y;
})()`;

/** A JavaScript interpreter: closures, maps, JSON, strings, objects. C, Emscripten. */
export default {
  name: 'quickjs',
  kind: 'interpreter',
  packages: ['quickjs-emscripten@0.32.0'],
  async load({ commonJs }) {
    const quickjs = await commonJs('quickjs-emscripten').newQuickJSWASMModule();
    return () => repeat(3, () => String(quickjs.evalCode(PROGRAM)));
  },
};

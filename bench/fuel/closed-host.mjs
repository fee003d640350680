// A host without time and chance, so that a program does the same, and takes the same fuel, each time.
import { webcrypto } from 'node:crypto';
import { numbers } from './data.mjs';

/** The real clock, for who measures. Milliseconds. */
export const clock = performance.now.bind(performance);

/** Replaces the clocks and the sources of chance of this process. Its clock goes on by a microsecond whenever it is read. */
export function closeHost() {
  let microseconds = 0;
  const tick = () => {
    microseconds += 1;
    return microseconds / 1000;
  };
  performance.now = tick;
  const RealDate = Date;
  globalThis.Date = class extends RealDate {
    constructor(...args) {
      super(...(args.length === 0 ? [RealDate.UTC(2026, 0) + tick()] : args));
    }

    static now() {
      return RealDate.UTC(2026, 0) + Math.trunc(tick());
    }
  };
  // Newer Nodes have it, older ones do not, and Emscripten puts its language into the guest's environment.
  Object.defineProperty(globalThis, 'navigator', { value: undefined, configurable: true, writable: true });
  const next = numbers(1);
  Math.random = () => next() / 2 ** 32;
  webcrypto.getRandomValues = (view) => {
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    for (let at = 0; at < bytes.length; at += 1) bytes[at] = next();
    return view;
  };
}

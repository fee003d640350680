import { join } from 'node:path';
import { generateAssemblyScript } from '../../../dist/authoring/bindgen/assemblyscript/index.js';
import { readWorld } from '../../../dist/authoring/wit/index.js';
import { decodeComponent } from '../../../dist/runtime/index.js';
import { asyncReason, asyncReasonOfText } from './asynchronous.mjs';
import { compileGuest } from './compile.mjs';
import { differenceOf } from './same-world.mjs';
import { stubsOf } from './stubs.mjs';

/**
 * Generates bindings for one world, compiles them with an author that does nothing, and compares the component with the WIT.
 *
 * @param {{ wit: string, world: string, text: string, folder: string, generator?: string }} job - `text`: all of the WIT, to see whether
 *   it is asynchronous where it cannot be read. `generator`: path of a module with another one.
 * @returns {Promise<{ status: 'passed' | 'failed' | 'left out', why?: string, bytes?: number, broken?: boolean }>}
 */
export async function tryWorld({ wit, world: name, text, folder, generator }) {
  let step = 'reading';
  try {
    const generate = generator === undefined ? generateAssemblyScript : (await import(generator)).generateAssemblyScript;
    const world = await readWorld(wit, name);
    const asynchronous = asyncReason(world.component);
    if (asynchronous !== undefined) return { status: 'left out', why: `asynchronous: ${asynchronous}` };
    step = 'generating and compiling';
    const withStubs = (given) => {
      const files = generate(given);
      return new Map([...files, ...stubsOf(files)]);
    };
    const bytes = await compileGuest({ world, wit, folder: join(folder, name), generate: withStubs, optimize: false });
    step = 'comparing';
    const difference = differenceOf(world.component, decodeComponent(bytes));
    return difference === undefined ? { status: 'passed', bytes: bytes.length } : { status: 'failed', why: difference };
  } catch (error) {
    const asynchronous = step === 'reading' ? asyncReasonOfText(text) : undefined;
    const broken = typeof error.code !== 'string' && step === 'reading';
    if (asynchronous !== undefined) return { status: 'left out', why: `asynchronous: ${asynchronous}`, broken };
    return {
      status: 'failed',
      why: `${step}: ${error.code ?? error.name}: ${error.message.replaceAll(/\s+/g, ' ').slice(0, 600)}`,
      broken,
    };
  }
}

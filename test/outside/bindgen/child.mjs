/** The other side of `worker.mjs`: one job at a time, its answer as a message. */

import { readWorld } from '../../../dist/authoring/wit/index.js';
import { asyncReason, asyncReasonOfText } from './asynchronous.mjs';
import { tryWorld } from './codegen-world.mjs';

const JOBS = {
  /** Whether a world is synchronous: `{ wit, world }`. */
  inspect: async ({ wit, world, text }) => {
    try {
      return { asynchronous: asyncReason((await readWorld(wit, world)).component) };
    } catch (error) {
      const asynchronous = asyncReasonOfText(text);
      if (asynchronous === undefined) throw error;
      return { asynchronous, broken: isBroken(error) };
    }
  },
  codegen: tryWorld,
};

process.on('message', async ({ kind, ...job }) => {
  process.send(await JOBS[kind](job).catch(failure));
});

function failure(error) {
  return { code: error?.code ?? error?.name ?? 'unknown', message: String(error?.message ?? error), broken: isBroken(error) };
}

/** Errors with a code were expected; after any other the instance that threw may be broken. */
function isBroken(error) {
  return typeof error?.code !== 'string' || error.cause instanceof WebAssembly.RuntimeError;
}

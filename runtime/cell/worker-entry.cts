/*
 * What piscina loads in each worker. A CommonJS file, because piscina `require`s its entry first: a worker that is ended while
 * it requires a graph of ES modules makes Node 20 abort the whole process. `import()` can be ended at any time.
 */

/** @param task - a `WorkerTask`. */
module.exports = async (task: never): Promise<void> => {
  const { default: serve } = await import('./worker.ts');
  return serve(task);
};

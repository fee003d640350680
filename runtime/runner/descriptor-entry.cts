/*
 * What piscina loads in each worker of a runner process. A CommonJS file, for the reason that `cell/worker-entry.cts` gives.
 */

/** @param task - a `DescriptorTask`. */
module.exports = async (task: never): Promise<void> => {
  const { default: serve } = await import('./descriptor-worker.ts');
  return serve(task);
};

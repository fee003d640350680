// The groups of jobs that the fuel benchmark sums up.

const isInterpreting = ({ kind }) => kind === 'interpreter' || kind === 'database';

/** Groups of `{title, has}`: `has` tells whether a job is in it. The last two are parts of the one before. */
export const SETS = [
  { title: 'kernels, AssemblyScript', has: ({ set }) => set === 'kernel' },
  { title: 'kernels, worst cases', has: ({ set }) => set === 'worst' },
  { title: 'kernels from outside', has: ({ set }) => set === 'outside' },
  { title: 'workloads', has: ({ set }) => set === 'workload' },
  { title: 'interpreters, databases', has: (job) => job.set === 'workload' && isInterpreting(job) },
  { title: 'other workloads', has: (job) => job.set === 'workload' && !isInterpreting(job) },
];

/** Groups that have no job in common, for lists. */
export const DISJOINT_SETS = SETS.filter(({ title }) => title !== 'workloads');

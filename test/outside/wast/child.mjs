// Runs one file for `processes.mjs` and tells it, before and after each directive. Arguments: JSON of
// `{file, dist, bindings, dead, after}`; directives of the indices in `dead` are passed over, and items are sent for those
// beyond `after`.
import { readFileSync } from 'node:fs';
import { readDirectives } from './directives.mjs';
import { loadProject } from './project.mjs';
import { FileRun, placeOf } from './run-file.mjs';

const { file, dist, bindings, dead, after } = JSON.parse(process.argv[2]);
const directives = readDirectives(readFileSync(file, 'utf8'));
const run = new FileRun(await loadProject(dist, bindings));
for (const [index, directive] of directives.entries()) {
  process.send({ type: 'begin', index, item: placeOf(directive) });
  if (dead.includes(index)) {
    run.pass(directive);
    continue;
  }
  const { poisoned, ...item } = await run.run(directive);
  if (index > after) process.send({ type: 'end', item });
  if (poisoned) await leave({ type: 'poisoned' });
}
await leave({ type: 'done' });

/** Ends the process as soon as the message is out: what a guest left behind does not keep it. */
async function leave(message) {
  await new Promise((sent) => process.send(message, sent));
  process.exit();
}

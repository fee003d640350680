// One process of `trail.mjs`: appends under load until it is killed, and says on its standard output what was acknowledged.
import { writeSync } from 'node:fs';
import { openJournal } from '../../dist/host/audit/journal.js';

const [folder, prefix, lanes] = process.argv.slice(2);
let highest = 0;
/** Knows the highest number that any process took: two that take the same one did not see each other. */
const state = {
  reset: (carried) => {
    highest = carried ?? 0;
  },
  apply: (record) => {
    if (record.kind === 'alert') highest = Number(record.rule);
  },
  carry: () => highest,
};
const journal = await openJournal({
  folder,
  state,
  sync: 'group',
  segmentBytesMax: 2 ** 17,
  opened: { version: 'torture' },
});
let count = 0;
async function lane() {
  for (;;) {
    count += 1;
    const name = `${prefix}-${count}`;
    const entry = () => ({
      kind: 'alert',
      audit: name,
      rule: String(highest + 1),
      severity: 'info',
      sinks: ['x'.repeat(count % 700)],
    });
    await journal.transact(() => [entry()], 'durable');
    // One small write to a pipe is whole or not there at all.
    writeSync(1, `${name}\n`);
  }
}
await Promise.all(Array.from({ length: Number(lanes) }, lane));

/**
 * Prints what passed, what did not and what was left out, and sets the exit code: 1 when too few passed.
 *
 * @param {{ name: string, status: 'passed' | 'failed' | 'left out', why?: string }[]} rows
 * @param {{ json: boolean, shareMin: number }} options - the share of passed among those that were not left out.
 */
export function reportRows(rows, { json, shareMin }) {
  const count = (status) => rows.filter((row) => row.status === status).length;
  const [passed, failed, leftOut] = [count('passed'), count('failed'), count('left out')];
  const share = passed + failed === 0 ? 0 : passed / (passed + failed);
  if (json) {
    const shown = rows.map(({ test, ...row }) => row);
    console.log(JSON.stringify({ passed, failed, leftOut, share, rows: shown }, null, 2));
  } else {
    const width = Math.max(0, ...rows.map(({ name }) => name.length));
    for (const { name, status, why } of rows) console.log(`${name.padEnd(width)}  ${status.padEnd(8)}  ${why ?? ''}`.trimEnd());
    console.log(`\n${passed} of ${passed + failed} passed (${(share * 100).toFixed(1)} %), ${leftOut} left out`);
  }
  process.exitCode = share >= shareMin ? 0 : 1;
}

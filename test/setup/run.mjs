// `npm test`: everything that CI needs. Arguments go to vitest: `npm test -- test/runtime/cell`.
import { build, chooseRunnerUser, install, run } from './set-up.mjs';

const args = process.argv.slice(2);
install();
build();
chooseRunnerUser();
if (args.length === 0) run('npm', ['run', '--silent', 'check']);
run('npx', ['vitest', 'run', ...args]);

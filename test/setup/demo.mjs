// `npm run demo`: set-up, then the demo itself.
import { build, chooseRunnerUser, install, run } from './set-up.mjs';

install();
build();
chooseRunnerUser();
run(process.execPath, ['tools/demo.mjs']);

// `npm run demo`: set-up, then the demo itself.
import { build, install, run } from './set-up.mjs';

install();
build();
run(process.execPath, ['tools/demo.mjs']);

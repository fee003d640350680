// One AssemblyScript instance, called a million times: what it has of memory stays what it was.
import { fileURLToPath } from 'node:url';
import { createViteServer } from 'vitest/node';

const RUNTIMES = ['incremental', 'minimal'];
const WARM_UP_SHARE = 20;

/**
 * Calls the guest of the world with every type shape with values and things of the host, and two of them in a chain with things of one another.
 *
 * @param calls - of each instance; memory may grow in the first twentieth.
 * @param progress - hears `{title, calls, bytes}` now and then.
 * @returns titles of the instances whose memory grew afterwards.
 */
export async function shapesCalls({ calls, progress = () => undefined }) {
  const server = await createViteServer({
    root: fileURLToPath(new URL('../..', import.meta.url)),
    configFile: false,
    logLevel: 'error',
    appType: 'custom',
    server: { middlewareMode: true, watch: null, ws: false, hmr: false },
    optimizeDeps: { noDiscovery: true },
  });
  try {
    const load = (name) => server.ssrLoadModule(`/test/authoring/bindgen/shapes/${name}.ts`);
    const { assemblyScriptShapes } = await load('components');
    const { chain } = await load('chain');
    const { drivenCalls, manyCalls, mixedCalls } = await load('many-calls');
    const { subject } = await server.ssrLoadModule('/test/differential/sides.ts');
    const grown = [];
    for (const runtime of RUNTIMES) {
      const bytes = await assemblyScriptShapes(runtime);
      const { component } = subject(bytes, false);
      const instances = [
        [`${runtime}, values and things of the host`, bytes, mixedCalls(component)],
        [`${runtime}, things of its own`, chain(bytes, bytes), drivenCalls(component)],
      ];
      for (const [title, linked, asked] of instances) {
        const looks = [];
        for (const look of manyCalls(linked, asked, calls, Math.ceil(calls / WARM_UP_SHARE))) {
          looks.push(look.bytes);
          progress({ title, ...look });
        }
        if (looks.some((each) => each !== looks[0])) grown.push(title);
      }
    }
    return grown;
  } finally {
    await server.close();
  }
}

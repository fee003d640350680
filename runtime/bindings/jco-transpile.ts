import { $init, generate } from '@bytecodealliance/jco-transpile/component';
import { CodedError } from '../error.ts';
import type { Recipe, RecipeModule } from './bindings.ts';

/*
 * The one file that calls jco. It runs in the preparing thread, which loads it only for components that need it: jco is
 * itself a WebAssembly component, and a trap inside it leaves it unusable, so the thread is thrown away with it.
 */

/** Loads jco; about 150 ms once per thread. */
export async function initTranspiler(): Promise<void> {
  await $init;
}

/**
 * Transpiles a component to linking code and core modules.
 *
 * @param importNames - the component's imports by full name, so that the glue asks for exactly those keys.
 * @throws CodedError `component/transpile-failed`; `data.poisoned` is true when jco trapped and must not be used again.
 */
export function transpile(bytes: Uint8Array, importNames: readonly string[]): Recipe {
  const files = generateFiles(bytes, importNames);
  let source: string | undefined;
  const modules: RecipeModule[] = [];
  for (const [name, content] of files) {
    if (name.endsWith('.wasm')) modules.push({ name, bytes: content });
    else if (name.endsWith('.js')) source = new TextDecoder().decode(content);
  }
  if (source === undefined) throw new CodedError('component/transpile-failed', 'the bindings generator made no linking code');
  return { linking: { bindings: 'jco', source }, modules };
}

function generateFiles(bytes: Uint8Array, importNames: readonly string[]): readonly [string, Uint8Array][] {
  try {
    return generate(bytes, {
      name: 'component',
      instantiation: { tag: 'sync' },
      noTypescript: true,
      noNodejsCompat: true,
      map: importNames.map((name) => [name, name]),
    }).files;
  } catch (error) {
    const poisoned = !(error instanceof Error && Object.hasOwn(error, 'payload'));
    const words = error instanceof Error ? error.message : String(error);
    throw new CodedError('component/transpile-failed', `the bindings generator refused the component: ${oneLine(words)}`, {
      data: { poisoned },
    });
  }
}

/** jco's messages quote guest names and span lines; ours stay on one line, short, without control characters. */
function oneLine(text: string): string {
  return text
    .replace(/\(see error\.payload\)/g, '')
    .replace(/[\u0000-\u001f\u007f\u2028\u2029\s]+/g, ' ')
    .trim()
    .slice(0, 300);
}

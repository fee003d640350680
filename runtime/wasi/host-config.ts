import type { WasiContext } from './context.ts';

/**
 * `cellblock:host/config`, in the form that bindings import: settings that the policy gives to the tool.
 *
 * @param settings - names and values, in order; of a name that is there twice the first value counts.
 */
export function hostConfig(context: WasiContext, settings: readonly (readonly [name: string, value: string])[]) {
  return {
    get: (name: string) => context.call(() => settings.find(([known]) => known === name)?.[1]),
    all: () => context.call(() => settings.map(([name, value]) => [name, value])),
  };
}

import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * The pieces of this project that the tests run on, from a build of it.
 *
 * @param {string} dist - folder of the build
 * @param {'own' | 'jco'} bindings
 */
export async function loadProject(dist, bindings) {
  const load = (file) => import(pathToFileURL(join(resolve(dist), 'runtime', file)));
  const [decode, functions, errors, { endingOf }, value, { instrument, createMeter }] = await Promise.all([
    load('component/decode.js'),
    load('component/functions.js'),
    load('error.js'),
    load('cell/trap.js'),
    load('value/index.js'),
    load('instrument/index.js'),
  ]);
  return {
    decodeComponent: decode.decodeComponent,
    findFunctions: functions.findFunctions,
    isCoded: errors.isCoded,
    endingOf,
    encodeParams: value.encodeParams,
    decodeValue: value.decodeValue,
    instrument,
    createMeter,
    bindings: await LOADERS[bindings](load),
  };
}

/**
 * For each implementation of bindings: what its step before instrumentation makes of a component, and how to link that.
 * `checksDefinitions` says that this step is part of accepting a component that is never instantiated.
 */
const LOADERS = {
  async own(load) {
    const [{ ownBindings }, { buildLinkPlan }, { moduleName }] = await Promise.all([
      load('bindings/own/own-bindings.js'),
      load('bindings/own/plan-builder.js'),
      load('bindings/own/link-plan.js'),
    ]);
    return {
      checksDefinitions: false,
      recipe: (component) => ({
        linking: { bindings: 'own', plan: buildLinkPlan(component) },
        modules: component.coreModules.map(({ bytes }, at) => ({ name: moduleName(at), bytes })),
      }),
      link: (linking) => ownBindings.link(linking),
    };
  },
  async jco(load) {
    const [{ jcoBindings }, { initTranspiler, transpile }, { withoutCustomSections }] = await Promise.all([
      load('bindings/jco-glue.js'),
      load('bindings/jco-transpile.js'),
      load('component/strip-custom.js'),
    ]);
    await initTranspiler();
    return {
      checksDefinitions: true,
      recipe(component) {
        const served = component.imports.filter(({ kind }) => kind === 'interface' || kind === 'func');
        return transpile(
          withoutCustomSections(component.bytes),
          served.map(({ name }) => name),
        );
      },
      link: (linking) => jcoBindings.link(linking),
    };
  },
};

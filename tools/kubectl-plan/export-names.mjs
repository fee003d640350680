/**
 * A transform of the AssemblyScript compiler: gives the tool's function its name in the component model, which holds
 * characters that AssemblyScript cannot spell.
 */
export default class ExportNames {
  /** @param {{ removeExport(name: string): void, addFunctionExport(internal: string, name: string): void }} module */
  afterCompile(module) {
    module.removeExport('plan');
    module.addFunctionExport('assembly/index/plan', 'cellblock:samples/kubectl-plan@0.1.0#plan');
  }
}

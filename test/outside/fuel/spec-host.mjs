/** The host module that the suite's scripts expect, with an `exports` as an instance has. */
export function spectest() {
  const ignore = () => {};
  const constant = (value, number) => new WebAssembly.Global({ value }, number);
  const prints = ['print', 'print_i32', 'print_i64', 'print_f32', 'print_f64', 'print_i32_f32', 'print_f64_f64'];
  return {
    exports: {
      ...Object.fromEntries(prints.map((name) => [name, ignore])),
      global_i32: constant('i32', 666),
      global_i64: constant('i64', 666n),
      global_f32: constant('f32', 666.6),
      global_f64: constant('f64', 666.6),
      memory: new WebAssembly.Memory({ initial: 1, maximum: 2 }),
      table: new WebAssembly.Table({ element: 'anyfunc', initial: 10, maximum: 20 }),
      shared_memory: new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true }),
      ...table64(),
    },
  };
}

/** A table with 64-bit indices, where the engine has them. */
function table64() {
  try {
    return { table64: new WebAssembly.Table({ element: 'anyfunc', address: 'i64', initial: 10n, maximum: 20n }) };
  } catch {
    return {};
  }
}

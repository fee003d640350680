"""Runs composed components in Wasmtime: calls `run`, which traps when an assertion does not hold.

usage: python3 wasmtime-run.py COMPONENT...

Prints one line of JSON for each component: {"file": ..., "passed": true} or {"file": ..., "passed": false, "why": ...}.
Needs the package `wasmtime`, 46 or later. Started by test/outside/bindgen-runtime.mjs.
"""

import json
import sys

import wasmtime
from wasmtime import component as components


def new_engine():
    config = wasmtime.Config()
    config.wasm_component_model = True
    if "wasm_component_model_map" in dir(config):  # it can only be set, so hasattr says no
        config.wasm_component_model_map = True
    return wasmtime.Engine(config)


def run(engine, file):
    component = components.Component.from_file(engine, file)
    store = wasmtime.Store(engine)
    instance = components.Linker(engine).instantiate(store, component)
    function = instance.get_func(store, "run")
    if function is None:
        raise RuntimeError("there is no export `run`")
    function(store)
    function.post_return(store)


def main():
    engine = new_engine()
    for file in sys.argv[1:]:
        try:
            run(engine, file)
            answer = {"file": file, "passed": True}
        except Exception as error:  # whatever it is, it is this component's answer
            answer = {"file": file, "passed": False, "why": " ".join(str(error).split())[:2000]}
        print(json.dumps(answer), flush=True)


main()

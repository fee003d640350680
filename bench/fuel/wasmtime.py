"""One kernel in Wasmtime, with fuel or without: prints what it measured as JSON.

Usage: python wasmtime.py TASK, a JSON object of {file, fuel, warmMs, runsMin}. Wants the package `wasmtime` of PyPI.
"""

import json
import sys
import time
from importlib.metadata import version

sys.path.pop(0)  # this folder, in which this file has the package's name
import wasmtime  # noqa: E402

BUDGET = 1 << 52
RUNS_MAX = 60


def timed(work):
    began = time.perf_counter()
    value = work()
    return value, (time.perf_counter() - began) * 1000


def measure(task):
    config = wasmtime.Config()
    config.consume_fuel = task["fuel"]
    engine = wasmtime.Engine(config)
    store = wasmtime.Store(engine)
    if task["fuel"]:
        store.set_fuel(BUDGET)
    with open(task["file"], "rb") as file:
        data = file.read()
    module, compile_ms = timed(lambda: wasmtime.Module(engine, data))
    run = wasmtime.Instance(store, module, []).exports(store)["run"]
    before = store.get_fuel() if task["fuel"] else 0
    value, first_ms = timed(lambda: run(store))
    fuel = before - store.get_fuel() if task["fuel"] else 0
    samples = []
    while len(samples) < task["runsMin"] or (sum(samples) < task["warmMs"] and len(samples) < RUNS_MAX):
        again, ms = timed(lambda: run(store))
        if again != value:
            raise ValueError(f"two answers: {value} and {again}")
        samples.append(ms)
    sample = {"digest": str(value), "compileMs": compile_ms, "firstMs": compile_ms + first_ms, "warmMs": samples}
    return {**sample, "fuel": str(fuel)} if task["fuel"] else sample


if sys.argv[1] == "version":
    print(version("wasmtime"))
else:
    print(json.dumps(measure(json.loads(sys.argv[1]))))

#!/usr/bin/env python3
"""Says what Wasmtime makes of calls: their results as bits, and their fuel.

Reads one job as JSON from each line of the standard input, and writes its answer as one line; before them, a line with
Wasmtime's version. Needs the package `wasmtime`. Started by test/outside/fuel-reference.mjs, which describes both:

  job     {"wasm": base64, "stand_ins": base64, "imports": [{"results": [type, ...]} | {"export": name}, ...],
           "memory": name or null, "calls": [{"export": name, "args": [[type, bits], ...], "results": count}]}
  answer  {"calls": [{"results": [bits, ...], "fuel": units} | {"trap": code}, ...], "memory": sha256 at the end}
          or {"error": message}

Bits are decimal strings. References are passed as null, and come back as "1" for null and "0" for any other. A call that
uses up LIMIT units ends the list.
"""
import base64
import ctypes
import hashlib
import json
import sys
from ctypes import POINTER, byref
from importlib.metadata import version

import wasmtime
from wasmtime import _ffi as ffi

LIMIT = 20_000_000
# As in sides.mjs: what is refused there must be refused here.
MEMORY_BYTES_MAX = 1024 * 65_536
TABLE_ELEMENTS_MAX = 100_000
FEATURES = "simd reference_types bulk_memory multi_value multi_memory tail_call function_references exceptions extended_const"

NUMBERS = {"i32": (ffi.WASMTIME_I32.value, 4), "i64": (ffi.WASMTIME_I64.value, 8), "f32": (ffi.WASMTIME_F32.value, 4),
           "f64": (ffi.WASMTIME_F64.value, 8), "v128": (ffi.WASMTIME_V128.value, 16)}
# The package has no name for the last one; see wasmtime/val.h.
REFERENCES = {"externref": ffi.WASMTIME_EXTERNREF.value, "funcref": ffi.WASMTIME_FUNCREF.value, "exnref": 8}
SIZES = dict(NUMBERS.values())


def make_engine():
    config = wasmtime.Config()
    config.consume_fuel = True
    config.cranelift_opt_level = "none"  # the count is the same at every level; this compiles fastest
    config.parallel_compilation = False
    for feature in FEATURES.split():
        try:
            setattr(config, "wasm_" + feature, True)
        except Exception:  # a feature that is no longer optional
            pass
    return wasmtime.Engine(config)


def put(raw, kind, bits=0):
    """Writes a number by its bits, or null."""
    ctypes.memset(byref(raw), 0, ctypes.sizeof(raw))
    if kind in REFERENCES:
        raw.kind = REFERENCES[kind]
        return
    raw.kind, size = NUMBERS[kind]
    ctypes.memmove(ctypes.addressof(raw.of), bits.to_bytes(size, "little"), size)


def take(raw):
    if raw.kind in SIZES:
        return str(int.from_bytes(ctypes.string_at(ctypes.addressof(raw.of), SIZES[raw.kind]), "little"))
    name = next(name for name, kind in REFERENCES.items() if kind == raw.kind)
    is_null = getattr(raw.of, name if name != "exnref" else "externref").store_id == 0
    ffi.wasmtime_val_unroot(byref(raw))
    return "1" if is_null else "0"


# Host functions: one callback for all, which looks up by number what types to answer zeros of.
answers = {}


@ffi.wasmtime_func_callback_t
def answer_zeros(number, _caller, _params, _param_count, results, _result_count):
    for at, kind in enumerate(answers[number]):
        put(results[at], kind)
    return 0


def host_function(store, function_type, results):
    number = len(answers) + 1
    answers[number] = results
    function = ffi.wasmtime_func_t()
    no_finalizer = ctypes.cast(None, ctypes.CFUNCTYPE(None, ctypes.c_void_p))
    ffi.wasmtime_func_new(store._context(), function_type.ptr(), answer_zeros, number, no_finalizer, byref(function))
    return ffi.wasmtime_extern_t(ffi.WASMTIME_EXTERN_FUNC, ffi.wasmtime_extern_union(func=function))


def instantiate(store, module, externs):
    given = (ffi.wasmtime_extern_t * len(externs))(*externs)
    instance = ffi.wasmtime_instance_t()
    trap = POINTER(ffi.wasm_trap_t)()
    error = ffi.wasmtime_instance_new(store._context(), module.ptr(), given, len(externs), byref(instance), byref(trap))
    if error:
        raise wasmtime.WasmtimeError._from_ptr(error)
    if trap:
        raise wasmtime.Trap._from_ptr(trap)
    return instance


def exported(store, instance, name):
    found = ffi.wasmtime_extern_t()
    text = name.encode("utf8", "surrogatepass")
    if not ffi.wasmtime_instance_export_get(store._context(), byref(instance), ctypes.create_string_buffer(text), len(text), byref(found)):
        raise KeyError(name)
    return found


def imports_of(engine, store, module, job):
    stand_ins = wasmtime.Module(engine, base64.b64decode(job["stand_ins"]))
    instance = instantiate(store, stand_ins, [])
    externs = []
    for given, item in zip(job["imports"], module.imports):
        if "results" in given:
            externs.append(host_function(store, item.type, given["results"]))
        else:
            externs.append(exported(store, instance, given["export"]))
    return externs


def call(store, instance, job):
    function = exported(store, instance, job["export"]).of.func
    args, count = job["args"], job["results"]
    params = (ffi.wasmtime_val_t * max(1, len(args)))()
    results = (ffi.wasmtime_val_t * max(1, count))()
    for at, (kind, bits) in enumerate(args):
        put(params[at], kind, int(bits))
    store.set_fuel(LIMIT)
    trap = POINTER(ffi.wasm_trap_t)()
    error = ffi.wasmtime_func_call(store._context(), byref(function), params, len(args), results, count, byref(trap))
    fuel = LIMIT - store.get_fuel()
    if not error and not trap:
        return {"results": [take(results[at]) for at in range(count)], "fuel": fuel}
    failure = wasmtime.WasmtimeError._from_ptr(error) if error else wasmtime.Trap._from_ptr(trap)
    return {"trap": reason_of(store, failure)}


def reason_of(store, failure):
    exception = ffi.wasmtime_exnref_t()
    if ffi.wasmtime_context_take_exception(store._context(), byref(exception)):
        ffi.wasmtime_exnref_unroot(byref(exception))
        return "EXCEPTION"
    code = failure.trap_code if isinstance(failure, wasmtime.Trap) else None
    return code.name if code is not None else str(failure).strip().splitlines()[-1]


def record(engine, job):
    answers.clear()
    try:
        module = wasmtime.Module(engine, base64.b64decode(job["wasm"]))
        store = wasmtime.Store(engine)
        store.set_limits(memory_size=MEMORY_BYTES_MAX, table_elements=TABLE_ELEMENTS_MAX)
        store.set_fuel(LIMIT)
        instance = instantiate(store, module, imports_of(engine, store, module, job))
    except (wasmtime.WasmtimeError, wasmtime.Trap) as error:
        return {"error": str(error).strip().splitlines()[-1].strip()}
    calls = []
    for one in job["calls"]:
        outcome = call(store, instance, one)
        # Where either engine's stack or this limit ends is no part of the rules: what follows cannot be compared.
        if outcome.get("trap") in ("OUT_OF_FUEL", "STACK_OVERFLOW"):
            return {"calls": calls}
        calls.append(outcome)
    answer = {"calls": calls}
    if job["memory"] is not None:
        memory = exported(store, instance, job["memory"]).of.memory
        data = ffi.wasmtime_memory_data(store._context(), byref(memory))
        size = ffi.wasmtime_memory_data_size(store._context(), byref(memory))
        answer["memory"] = hashlib.sha256(ctypes.string_at(data, size)).hexdigest()
    return answer


def main():
    engine = make_engine()
    print(json.dumps({"wasmtime": version("wasmtime")}), flush=True)
    for line in sys.stdin:
        print(json.dumps(record(engine, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()

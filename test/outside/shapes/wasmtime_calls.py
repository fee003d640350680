"""Calls of a component by Wasmtime: JSON lines in, JSON lines out.

The first line is {"component": PATH, "mirror": NAME, "things": NAME}; every other one is a call, {"within": NAME, "name": NAME,
"params": [VALUE...], "fresh": BOOL}, and is answered by {"result": VALUE} (no `result` where the function has none) or
{"error": TEXT}, with what the host saw: {"mirrored": [VALUE...], "things": [TEXT...]}. Values have the form of docs/values.md.
Needs the package `wasmtime`, 50 or newer.
"""

import base64
import json
import math
import sys
from importlib import metadata

from wasmtime import Config, Engine, Store
from wasmtime.component import Component, Linker, Record, ResourceHost, ResourceType, Variant
from wasmtime.component import _types as t

# The package leaves the tag out where Python's classes tell the cases apart, which they do not for all values: always with tags.
t.VariantLikeType._tagged = lambda self: True

SMALL_INTEGERS = (t.S8, t.U8, t.S16, t.U16, t.S32, t.U32, t.S64, t.U64)
FLOATS = {"nan": math.nan, "infinity": math.inf, "-infinity": -math.inf}


def to_wasmtime(ty, value):
    if isinstance(ty, SMALL_INTEGERS):
        return int(value)
    if isinstance(ty, (t.F32, t.F64)):
        return FLOATS[value["float"]] if isinstance(value, dict) else float(value)
    if isinstance(ty, t.ListType):
        if isinstance(ty.element, t.U8):
            return base64.b64decode(value)
        element = ty.element
        return [to_wasmtime(element, item) for item in value]
    if isinstance(ty, t.TupleType):
        return tuple(to_wasmtime(part, item) for part, item in zip(ty.elements, value))
    if isinstance(ty, t.RecordType):
        record = Record()
        for name, part in ty.fields:
            setattr(record, name, to_wasmtime(part, value[name]))
        return record
    if isinstance(ty, t.FlagsType):
        return set(value)
    if isinstance(ty, t.OptionType):
        if value is None:
            return Variant("none")
        return Variant("some", to_wasmtime(ty.payload, value["some"] if isinstance(ty.payload, t.OptionType) else value))
    if isinstance(ty, t.ResultType):
        tag = "ok" if "ok" in value else "err"
        return case(tag, ty.ok if tag == "ok" else ty.err, value[tag])
    if isinstance(ty, t.VariantType):
        return case(value["tag"], dict(ty.cases)[value["tag"]], value.get("value"))
    return value  # bool, char, string, enum


def case(tag, ty, value):
    return Variant(tag) if ty is None else Variant(tag, to_wasmtime(ty, value))


def to_json(ty, value):
    if isinstance(ty, (t.S64, t.U64)):
        return value if abs(value) < 2**53 else str(value)
    if isinstance(ty, (t.F32, t.F64)):
        return value if math.isfinite(value) else {"float": "nan" if math.isnan(value) else "infinity" if value > 0 else "-infinity"}
    if isinstance(ty, t.ListType):
        if isinstance(ty.element, t.U8):
            return base64.b64encode(value).decode()
        element = ty.element
        return [to_json(element, item) for item in value]
    if isinstance(ty, t.TupleType):
        return [to_json(part, item) for part, item in zip(ty.elements, value)]
    if isinstance(ty, t.RecordType):
        return {name: to_json(part, getattr(value, name)) for name, part in ty.fields}
    if isinstance(ty, t.FlagsType):
        return [name for name in ty.names if name in value]
    if isinstance(ty, t.OptionType):
        if value.tag == "none":
            return None
        some = to_json(ty.payload, value.payload)
        return {"some": some} if isinstance(ty.payload, t.OptionType) else some
    if isinstance(ty, t.ResultType):
        part = ty.ok if value.tag == "ok" else ty.err
        return {value.tag: None if part is None else to_json(part, value.payload)}
    if isinstance(ty, t.VariantType):
        part = dict(ty.cases)[value.tag]
        return {"tag": value.tag} if part is None else {"tag": value.tag, "value": to_json(part, value.payload)}
    return value


class Things:
    """The host's things, as test/authoring/bindgen/shapes/host.ts has them, with the same words in the log."""

    RESOURCE = 1

    def __init__(self):
        self.log = []
        self.values = {}
        self.labels = {}
        self.made = 0

    def say(self, text, answer=None):
        self.log.append(text)
        return answer

    def make(self, start, label=""):
        rep = self.made
        self.made += 1
        self.values[rep], self.labels[rep] = start, label
        self.say(f"#{rep} = new({start})")
        return rep

    def dropped(self, _store, rep):
        del self.values[rep]
        self.say(f"#{rep} dropped")

    def named(self, name):
        rep = self.make(len(name.encode("utf-16-le")) // 2, name)
        return self.say(f"make({name})", rep)

    def checked(self, start):
        if start < 0:
            return Variant("err", self.say(f"checked({start})", "below zero"))
        return Variant("ok", own(self.make(start)))

    def add(self, rep, by):
        self.values[rep] = wrap(self.values[rep] + by)
        return self.say(f"#{rep}.add({by})", self.values[rep])

    def rename(self, rep, name):
        self.labels[rep] = name
        self.say(f"#{rep}.rename({name})")

    def absorb(self, rep, other):
        self.values[rep] = wrap(self.values[rep] + self.values[other])
        self.say(f"#{rep}.absorb(#{other})")
        self.dropped(None, other)
        return self.values[rep]

    def compare(self, rep, other):
        a, b = self.values[rep], self.values[other]
        return self.say(f"#{rep}.compare(#{other})", (a > b) - (a < b))

    def split(self, rep):
        self.values[rep] >>= 1
        half = self.make(wrap(self.values[rep] + 1), self.labels[rep])
        return self.say(f"#{rep}.split()", half)

    def reverse(self, reps):
        return self.say(f"reverse({ids(reps)})", [own(rep) for rep in reversed(reps)])

    def maybe(self, it):
        if it.tag == "none":
            return self.say("maybe(none)", it)
        return Variant("some", own(self.say(f"maybe(#{it.payload})", it.payload)))

    def hold(self, label, rep):
        record = Record()
        record.label, record.it = label, own(rep)
        return self.say(f"hold({label}, #{rep})", record)

    def release(self, held):
        return self.say(f"release({held.label}, #{held.it})", (held.label, own(held.it)))

    def define(self, instance):
        """Arguments come with handles as what they stand for."""
        values = self.values
        functions = {
            "[constructor]thing": lambda start: own(self.make(start)),
            "[method]thing.value": lambda rep: self.say(f"#{rep}.value()", values[rep]),
            "[method]thing.add": self.add,
            "[method]thing.name": lambda rep: self.say(f"#{rep}.name()", self.labels[rep]),
            "[method]thing.rename": self.rename,
            "[method]thing.absorb": self.absorb,
            "[method]thing.compare": self.compare,
            "[method]thing.split": lambda rep: own(self.split(rep)),
            "[static]thing.make": lambda name: own(self.named(name)),
            "[static]thing.checked": self.checked,
            "[static]thing.total": lambda reps: self.say(f"total({ids(reps)})", sum(values[rep] for rep in reps)),
            "many": lambda starts: [own(self.make(start)) for start in starts],
            "reverse": self.reverse,
            "maybe": self.maybe,
            "attempt": lambda rep, ok: Variant("ok" if ok else "err", own(self.say(f"attempt(#{rep}, {str(ok).lower()})", rep))),
            "hold": self.hold,
            "release": self.release,
            "look": lambda rep: self.say(f"look(#{rep})", values[rep]),
            "live": lambda: self.say("live()", len(values)),
        }
        instance.add_resource("thing", ResourceType.host(self.RESOURCE), self.dropped)
        for name, function in functions.items():
            instance.add_func(name, with_reps(function))


def own(rep):
    return ResourceHost.own(rep, Things.RESOURCE)


def ids(reps):
    return ",".join(f"#{rep}" for rep in reps)


def wrap(number):
    return (number + 2**31) % 2**32 - 2**31


def with_reps(function):
    def call(store, *args):
        return function(*(rep_of(store, arg) for arg in args))

    return call


def rep_of(store, value):
    """Handles become numbers, wherever they are."""
    if hasattr(value, "to_host"):
        return value.to_host(store).rep
    if isinstance(value, list):
        return [rep_of(store, item) for item in value]
    if isinstance(value, Variant):
        return Variant(value.tag, rep_of(store, value.payload))
    if isinstance(value, Record):
        for name, part in value.__dict__.items():
            setattr(value, name, rep_of(store, part))
    return value


class Runner:
    def __init__(self, head):
        self.head = head
        self.engine = Engine(Config())
        self.component = Component.from_file(self.engine, head["component"])
        self.instantiate()

    def instantiate(self):
        self.store = Store(self.engine)
        self.things = Things()
        self.mirrored = []
        self.functions = {}
        linker = Linker(self.engine)
        imports = self.component.type.imports(self.engine)
        with linker.root() as root:
            with root.add_instance(self.head["mirror"]) as mirror:
                for name, item in imports[self.head["mirror"]].ty.exports(self.engine).items():
                    if isinstance(item.ty, t.FuncType):
                        mirror.add_func(name, self.mirror(item.ty.result))
            with root.add_instance(self.head["things"]) as things:
                self.things.define(things)
        self.instance = linker.instantiate(self.store, self.component)

    def mirror(self, result):
        def call(_store, *args):
            value = args[0] if len(args) == 1 else args
            self.mirrored.append(to_json(result, value))
            return value

        return call

    def function(self, within, name):
        key = (within, name)
        if key not in self.functions:
            outer = self.instance.get_export_index(self.store, within)
            index = self.instance.get_export_index(self.store, name, outer)
            self.functions[key] = self.instance.get_func(self.store, index)
        return self.functions[key]

    def call(self, within, name, params, fresh):
        if fresh:
            self.instantiate()
        self.mirrored.clear()
        self.things.log.clear()
        function = self.function(within, name)
        ty = function.type(self.store)
        try:
            args = [to_wasmtime(part, value) for (_, part), value in zip(ty.params, params)]
            result = function(self.store, *args)
            answer = {} if ty.result is None else {"result": to_json(ty.result, result)}
        except Exception as error:  # a trap, or what the package does not do: told to who asked
            answer = {"error": f"{type(error).__name__}: {error}"}
            self.instantiate()
        return {**answer, "mirrored": list(self.mirrored), "things": list(self.things.log)}


def integer(text):
    """`-0` is a float's."""
    return -0.0 if text == "-0" else int(text)


def main():
    runner = Runner(json.loads(sys.stdin.readline()))
    print(json.dumps({"wasmtime": metadata.version("wasmtime")}))
    for line in sys.stdin:
        print(json.dumps(runner.call(**json.loads(line, parse_int=integer))))


main()

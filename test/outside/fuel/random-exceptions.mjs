import { unsigned, vector } from './bytes.mjs';

const EMPTY_BLOCK = 0x40;
const CATCHES = ['catch', 'catch_ref', 'catch_all', 'catch_all_ref'];

/** Writes something that throws or catches, in the form that the module has. @param writer - a `StatementWriter`. */
export function writeHandling(writer) {
  const { exceptions } = writer.module;
  if (exceptions === 'none') writer.assign();
  else if (writer.chance(writer.handlers > 0 ? 0.5 : 0.2)) writeThrow(writer);
  else if (exceptions === 'legacy') writeTry(writer);
  else if (writer.chance(0.4)) writeFarTryTable(writer);
  else writeTryTable(writer);
}

function writeThrow(writer) {
  const { tags, thrower } = writer.module;
  const tag = writer.below(tags.length);
  writer.maybe(() => {
    if (writer.chance(0.5)) {
      writer.values(tags[tag]);
      writer.op('throw', unsigned(tag));
      return;
    }
    // What follows a call that always throws is never done, though nothing here says so.
    writer.statements(2);
    writer.op('call', unsigned(thrower));
    writer.statements(2);
    if (writer.chance(0.5)) writer.op('unreachable');
  });
}

/** Handlers are labels that are open anyway, out of loops too, if they carry what is caught. */
function writeFarTryTable(writer) {
  const { tags } = writer.module;
  const fits = (payload) => writer.labels.some(({ types, open }) => open && types.join() === payload.join());
  const clauses = [];
  for (const [tag, payload] of [...tags.entries(), [undefined, []]]) {
    if (!fits(payload) || writer.chance(0.4)) continue;
    const label = unsigned(writer.target(({ types }) => types.join() === payload.join()));
    clauses.push(tag === undefined ? [2, ...label] : [0, ...unsigned(tag), ...label]);
  }
  const results = writer.someTypes();
  writer.op('try_table', [...writer.blockType([], results), ...vector(clauses)]);
  writer.inside({ types: results, open: true }, () => writeTried(writer, results));
  writer.consume(results);
}

/** A block that the handler's values come out of, around a `try_table`, around a body. */
function writeTryTable(writer) {
  const kind = writer.below(CATCHES.length);
  const tag = writer.below(writer.module.tags.length);
  const withTag = kind < 2;
  const withReference = kind % 2 === 1;
  const payload = withTag ? writer.module.tags[tag] : [];
  const caught = [...payload, ...(withReference ? ['exnref'] : [])];
  writer.op('block', [EMPTY_BLOCK]);
  writer.inside({ types: [], open: true }, () => {
    writer.op('block', writer.blockType([], caught));
    writer.inside({ types: caught, open: false }, () => {
      const results = writer.someTypes();
      writer.op('try_table', [...writer.blockType([], results), 1, kind, ...(withTag ? unsigned(tag) : []), 0]);
      writer.inside({ types: results, open: true }, () => writeTried(writer, results));
      writer.consume(results);
      writer.op('br', [1]);
    });
    if (withReference) writer.op('local.set', unsigned(writer.module.exceptionLocal(writer)));
    writer.consume(payload);
    writer.statements(2);
    if (withReference && writer.chance(0.3)) writeThrowReference(writer);
  });
}

function writeThrowReference(writer) {
  writer.condition();
  writer.guarded(() => {
    writer.op('local.get', unsigned(writer.module.exceptionLocal(writer)));
    writer.op('throw_ref');
  });
}

function writeTried(writer, results) {
  writer.handlers = (writer.handlers ?? 0) + 1;
  writer.statements(4);
  writer.handlers -= 1;
  writer.values(results);
}

/** The older form: handlers inside of the block, or a delegation to one further out. */
function writeTry(writer) {
  const results = writer.someTypes();
  writer.op('try', writer.blockType([], results));
  if (writer.chance(0.15)) {
    writer.labels.unshift({ types: results, open: true });
    writeTried(writer, results);
    writer.labels.shift();
    writer.op('delegate', unsigned(writer.below(writer.labels.length)));
  } else writer.inside({ types: results, open: true }, () => writeHandlers(writer, results));
  writer.consume(results);
}

function writeHandlers(writer, results) {
  writeTried(writer, results);
  const tag = writer.below(writer.module.tags.length);
  const all = writer.chance(0.4);
  if (!all || writer.chance(0.5)) {
    writer.op('catch', unsigned(tag));
    writer.consume(writer.module.tags[tag]);
    writeHandler(writer, results);
  }
  if (!all) return;
  writer.op('catch_all');
  writeHandler(writer, results);
}

function writeHandler(writer, results) {
  writer.statements(2);
  if (writer.chance(0.2)) {
    writer.condition();
    writer.guarded(() => writer.op('rethrow', [1]));
  }
  writer.values(results);
}

/** SQL over CSV, as the runtime runs it and as jco's glue alone does. */

import { decodeComponent } from 'cellblock/runtime';
import { describe, expect, it } from 'vitest';
import { loadReference, resultOf } from '../../tools/build/reference.mjs';
import { readSample, readTool } from './callers.ts';

const INSTANCE = 'cellblock:samples/csv-sql@0.1.0';
const instantiate = await loadReference(await readTool('csv-sql'));

interface Cell {
  readonly tag: 'null' | 'integer' | 'real' | 'text';
  readonly val?: unknown;
}
interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  readonly isCut: boolean;
}
type Answer<Ok> = { readonly ok: Ok } | { readonly err: { readonly tag: string; readonly val?: unknown } };

const filesOf = (files: Readonly<Record<string, string>>) => Object.entries(files).map(([name, csv]) => ({ name, csv }));

/** A query in a fresh instance. */
function query(files: Readonly<Record<string, string>>, sql: string, options: object = {}): Answer<Table> {
  // The types are those of the WIT.
  return resultOf(() => instantiate({})[INSTANCE]!.query!(filesOf(files), sql, options)) as Answer<Table>;
}

function inFiles(files: Readonly<Record<string, string>>, options: object = {}): Answer<readonly unknown[]> {
  return resultOf(() => instantiate({})[INSTANCE]!.describe!(filesOf(files), options)) as Answer<readonly unknown[]>; // as above
}

/** The values of a result, row by row. */
function rowsOf(files: Readonly<Record<string, string>>, sql: string, options?: object): readonly (readonly unknown[])[] {
  const answer = query(files, sql, options);
  if (!('ok' in answer)) throw new Error(JSON.stringify(answer.err));
  return answer.ok.rows.map((row) =>
    row.map(({ tag, val }) =>
      tag === 'null' ? null : typeof val === 'bigint' && Number.isSafeInteger(Number(val)) ? Number(val) : val,
    ),
  );
}

const one = (csv: string, options?: object) => rowsOf({ t: csv }, 'SELECT * FROM t', options);

it('imports nothing', async () => {
  expect(decodeComponent(await readTool('csv-sql')).imports).toEqual([]);
});

describe('a file', () => {
  it.each<[string, string, unknown[][]]>([
    [
      'plain',
      'a,b\n1,x\n2,y\n',
      [
        [1, 'x'],
        [2, 'y'],
      ],
    ],
    [
      'with CRLF, a byte order mark and no last line break',
      '\ufeffa,b\r\n1,x\r\n2,y',
      [
        [1, 'x'],
        [2, 'y'],
      ],
    ],
    ['with quotes', 'a,b\n"1","x, ""y""\nz"\n', [[1, 'x, "y"\nz']]],
    ['with empty lines', '\n\na,b\n\n1,x\n\n', [[1, 'x']]],
    ['of semicolons', 'a;b\n1;x,y\n', [[1, 'x,y']]],
    ['of tabs', 'a\tb\n1\tx\n', [[1, 'x']]],
    ['of other scripts', 'a,b\n\u00eb,\ud83d\udca5\n', [['\u00eb', '\ud83d\udca5']]],
    ['with no rows', 'a,b\n', []],
    ['of one column', 'a\n1\n\n2\n', [[1], [null], [2]]],
  ])('%s', (_, csv, rows) => {
    expect(one(csv)).toEqual(rows);
  });

  it.each<[string, unknown[]]>([
    ['a\n1\n-7\n9223372036854775807', [1, -7, 9223372036854775807n]],
    ['a\n1\n2.5\n1e3', [1, 2.5, 1000]],
    ['a\n9223372036854775808', [2 ** 63]],
    ['a\n01\n2', ['01', '2']],
    ['a\n+1', ['+1']],
    ['a\n1\nx', ['1', 'x']],
    ['a\n 1', [' 1']],
    ['a\n0x10', ['0x10']],
    ['a\n1.', ['1.']],
    ['a\nNaN\nInfinity', ['NaN', 'Infinity']],
    ['a,b\n,""\nx,y', [null, 'x']],
    ['a,b\n1,\n"",2', [1, null]],
  ])('has values as they look: %j', (csv, column) => {
    expect(one(csv).map(([value]) => value)).toEqual(column);
  });

  it('has names for its columns, each a different one', () => {
    const { ok } = query({ t: 'a,A,,a,"q""x"\n1,2,3,4,5' }, 'SELECT * FROM t') as { ok: Table };
    expect(ok.columns).toEqual(['a', 'A_2', 'column_3', 'a_3', 'q"x']);
  });

  it.each<[string, string, number, number]>([
    ['a,b\n1,2\n3\n', 'the row has fewer than 2 fields, as many as the first row has', 3, 1],
    ['a,b\n1,2,3', 'the row has more than 2 fields, as many as the first row has', 2, 5],
    ['a,b\n1,"x\ny', 'the quote that opens here is not closed', 2, 3],
    ['a,b\n1,"x"y', 'text after a closing quote; a quote inside of quotes is written twice', 2, 6],
    ['a,b\n"1\n",x"y', 'a quote in a field that does not begin with one', 3, 4],
    ['', 'there is no row', 1, 1],
    [Array(501).fill('c').join(), 'there are more than 500 columns', 1, 1001],
  ])('that is none is told with its place: %j', (csv, message, line, column) => {
    expect(query({ t: csv }, 'SELECT 1')).toEqual({ err: { tag: 'bad-csv', val: { message, at: { file: 't', line, column } } } });
  });

  it('says what is in it', async () => {
    const { ok } = inFiles({ pods: await readSample('pods.csv') }) as { ok: unknown[] };
    expect(ok).toMatchObject([{ name: 'pods', rows: 60, columns: { length: 8 } }]);
    expect(inFiles({ t: 'a,b\n,x\n1,' })).toEqual({
      ok: [
        {
          name: 't',
          rows: 2,
          columns: [
            { name: 'a', kind: 'integer', empty: 1, example: '1' },
            { name: 'b', kind: 'text', empty: 1, example: 'x' },
          ],
        },
      ],
    });
  });
});

describe('a query', () => {
  it('answers about a real file', async () => {
    const pods = await readSample('pods.csv');
    const sql = 'SELECT team, sum(restarts) AS n FROM pods GROUP BY team ORDER BY n DESC LIMIT 1';
    expect(rowsOf({ pods }, sql)).toEqual([['platform', 68]]);
    expect(rowsOf({ pods }, `SELECT count(*) FROM pods WHERE message LIKE '%OOMKilled%' AND "memory MiB" < 512`)).toEqual([
      [expect.any(Number)],
    ]);
  });

  it('joins files, and has windows, WITH and JSON', () => {
    const files = { a: 'id,n\n1,x\n2,y', b: 'id,m\n1,5\n1,6' };
    expect(rowsOf(files, 'SELECT n, m FROM a LEFT JOIN b USING (id) ORDER BY n, m')).toEqual([
      ['x', 5],
      ['x', 6],
      ['y', null],
    ]);
    expect(rowsOf(files, 'SELECT m, sum(m) OVER (ORDER BY m) FROM b')).toEqual([
      [5, 5],
      [6, 11],
    ]);
    expect(rowsOf(files, 'WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 3) SELECT * FROM c')).toEqual([
      [1],
      [2],
      [3],
    ]);
    expect(rowsOf(files, `SELECT json_extract('{"a": [1, 2]}', '$.a[1]')`)).toEqual([[2]]);
  });

  it('gives bytes as digits, and nothing that is no text', () => {
    expect(rowsOf({ t: 'a\n1' }, "SELECT x'00ff', CAST(x'41ff42eda080' AS TEXT), 9e999, NULL")).toEqual([
      ['00FF', 'A\ufffdB\ufffd\ufffd\ufffd', Infinity, null],
    ]);
  });

  it('is the same each time: no clock, no chance', () => {
    const sql = "SELECT random(), datetime('now'), hex(randomblob(8))";
    expect(rowsOf({ t: 'a\n1' }, sql)).toEqual(rowsOf({ t: 'a\n1' }, sql));
    expect(rowsOf({ t: 'a\n1' }, "SELECT date('now')")).toEqual([['1970-01-01']]);
  });

  it('gives the rows that were asked for, and says that there are more', () => {
    const csv = `a\n${Array.from({ length: 1001 }, (_, index) => index).join('\n')}`;
    const cut = (options: object) => {
      const { ok } = query({ t: csv }, 'SELECT * FROM t', options) as { ok: Table };
      return [ok.rows.length, ok.isCut];
    };
    expect(cut({})).toEqual([1000, true]);
    expect(cut({ rowsMax: 1001 })).toEqual([1001, false]);
    expect(cut({ rowsMax: 1 })).toEqual([1, true]);
  });

  it.each([
    'DELETE FROM t',
    'INSERT INTO t VALUES (2)',
    'DROP TABLE t',
    'CREATE TEMP TABLE x AS SELECT 1',
    'UPDATE t SET a = 2 RETURNING a',
    "ATTACH ':memory:' AS x",
    'PRAGMA page_size',
    'SELECT * FROM pragma_page_size',
    "VACUUM INTO 'x'",
    'BEGIN',
    'EXPLAIN SELECT 1',
    'SELECT 1; SELECT 2',
    'SELECT 1; DROP TABLE t',
    '-- nothing',
    '',
  ])('only reads: `%s`', (sql) => {
    expect(query({ t: 'a\n1' }, sql)).toMatchObject({ err: { tag: 'not-allowed', val: expect.any(String) } });
  });

  it('that is wrong says where', () => {
    expect(query({ t: 'a\n1' }, 'SELECT nope FROM t')).toEqual({
      err: { tag: 'bad-sql', val: { message: 'no such column: nope', offset: 7 } },
    });
    expect(query({ t: 'a\n1' }, "SELECT load_extension('x')")).toMatchObject({ err: { tag: 'bad-sql' } });
    expect(query({ t: 'a\n1' }, "SELECT readfile('/etc/passwd')")).toMatchObject({ err: { tag: 'bad-sql' } });
    expect(query({ t: 'a\n1' }, 'SELECT zeroblob(5000000)')).toMatchObject({
      err: { tag: 'bad-sql', val: { message: 'string or blob too big' } },
    });
    expect(query({ t: 'a\n1' }, 'SELECT 1; -- the end')).toHaveProperty('ok');
  });

  it('that gives too much is refused', () => {
    const sql = 'WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 5) SELECT hex(zeroblob(500000)) FROM c';
    expect(query({ t: 'a\n1' }, sql)).toEqual({ err: { tag: 'too-large', val: 4_194_304 } });
  });
});

describe('options and names', () => {
  it.each<[Record<string, string>, object, object]>([
    [{}, {}, { tag: 'bad-file-count', val: 0 }],
    [Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`t${index}`, 'a'])), {}, { tag: 'bad-file-count', val: 17 }],
    [{ 'a b': 'a' }, {}, { tag: 'bad-name', val: 'a b' }],
    [{ '1a': 'a' }, {}, { tag: 'bad-name', val: '1a' }],
    [{ sqlite_x: 'a' }, {}, { tag: 'bad-name', val: 'sqlite_x' }],
    [{ a: 'x', A: 'x' }, {}, { tag: 'bad-name', val: 'A' }],
    [{ a: 'x' }, { delimiter: '' }, { tag: 'bad-option' }],
    [{ a: 'x' }, { delimiter: '"' }, { tag: 'bad-option' }],
    [{ a: 'x' }, { delimiter: '||' }, { tag: 'bad-option' }],
    [{ a: 'x' }, { rowsMax: 0 }, { tag: 'bad-option' }],
    [{ a: 'x' }, { rowsMax: 10_001 }, { tag: 'bad-option' }],
  ])('%j %j', (files, options, err) => {
    expect(query(files, 'SELECT 1', options)).toMatchObject({ err });
  });

  it('take any sign between fields', () => {
    expect(one('a|b\n1|x,y', { delimiter: '|' })).toEqual([[1, 'x,y']]);
  });
});

import { digest } from '../data.mjs';

const FILL = `create table j(d text);
  with recursive c(n) as (values(1) union all select n+1 from c where n<8000)
    insert into j select json_object('id',n,'tags',json_array(n%7,n%11,'x'||(n*7919%1000)),'o',json_object('v',n*1.5)) from c;
  create virtual table ft using fts5(x);
  insert into ft select 'word'||(d->>'$.tags[0]')||' num'||(d->>'$.tags[1]')||' '||(d->>'$.tags[2]') from j`;

const QUERIES = [
  "select d->>'$.tags[2]' t, count(*), sum(d->>'$.o.v') from j group by t order by 2 desc, 1 limit 50",
  "select rowid, x from ft where ft match 'word3 AND num5' order by rowid limit 100",
  'select count(*) from j a, j b where a.rowid < 400 and b.rowid < 400 and (a.rowid*b.rowid)%37=5',
];

/** SQLite's own build: JSON, full text search, a nested loop. C, Emscripten. */
export default {
  name: 'sqlite',
  kind: 'database',
  packages: ['@sqlite.org/sqlite-wasm@3.54.1-build1'],
  async load({ load, file }) {
    const { default: init } = await load('@sqlite.org/sqlite-wasm/dist/node.mjs');
    const wasmBinary = file('@sqlite.org/sqlite-wasm/dist/sqlite3.wasm');
    const quiet = () => undefined;
    const sqlite = await init({ wasmBinary, print: quiet, printErr: quiet });
    return () => work(new sqlite.oo1.DB(':memory:'));
  },
};

function work(database) {
  database.exec(FILL);
  const answers = QUERIES.map((sql) => database.exec({ sql, rowMode: 'array', returnValue: 'resultRows' }));
  database.close();
  return digest(answers);
}

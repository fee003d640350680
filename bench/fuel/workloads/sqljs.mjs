import { digest, numbers } from '../data.mjs';

const QUERIES = [
  'select u.label, count(*), sum(t.v), max(t.name) from t join u using(k) group by u.label order by 3 desc',
  "select name, count(*) c from t where name like 'name1%' group by name having c > 2 order by c desc, name limit 40",
  'with recursive f(a,b,n) as (values(0,1,1) union all select b,(a+b)%1000003,n+1 from f where n<40000) select max(a) from f',
  'select k, v, row_number() over (partition by k order by v, id) rn from t order by rn desc, k limit 50',
];

/** SQLite: prepared inserts, indexes, joins, windows. C, Emscripten. */
export default {
  name: 'sqljs',
  kind: 'database',
  packages: ['sql.js@1.16.0'],
  async load({ commonJs, file }) {
    const { Database } = await commonJs('sql.js')({ wasmBinary: file('sql.js/dist/sql-wasm.wasm') });
    return () => work(new Database());
  },
};

function work(database) {
  const next = numbers(1);
  database.run('create table t(id integer primary key, k int, name text, v real)');
  database.run('create table u(k int primary key, label text); begin');
  const insert = database.prepare('insert into t(k,name,v) values(?,?,?)');
  for (let row = 0; row < 15_000; row += 1) insert.run([next() % 300, `name${next() % 5000}`, (next() % 10_000) / 8]);
  insert.free();
  for (let k = 0; k < 300; k += 1) database.run('insert into u values(?,?)', [k, `label ${k % 17}`]);
  database.run('commit; create index i1 on t(name); create index i2 on t(k, v)');
  const answers = QUERIES.map((query) => database.exec(query));
  database.close();
  return digest(answers);
}

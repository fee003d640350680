import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isLocked, KernelLock } from '../../host/audit/lock.ts';
import { isBusy, openDatabase } from '../../host/sqlite.ts';

const folder = mkdtempSync(join(tmpdir(), 'cellblock-sqlite-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the SQLite that there is', () => {
  it('keeps text, numbers, blobs and null, also where one of them is the only value', () => {
    const database = openDatabase(join(folder, 'values.db'));
    database.exec('CREATE TABLE t (a, b)');
    const insert = database.prepare('INSERT INTO t VALUES (1, ?)');
    const values = ['text', 7, null, new Uint8Array([1, 2]), 2n ** 40n];
    for (const value of values) insert.run(value);
    const rows = database.prepare('SELECT b FROM t ORDER BY rowid').all();
    expect(rows.map((row) => ({ ...row }))).toEqual([...values.slice(0, 4), 2 ** 40].map((b) => ({ b })));
    expect({ ...database.prepare('SELECT a FROM t WHERE b = ?').get('text') }).toEqual({ a: 1 });
    expect(database.prepare('SELECT a FROM t WHERE b IS ?').all(null)).toHaveLength(1);
    expect(database.prepare('SELECT a FROM t WHERE b = ?').get('nothing')).toBeUndefined();
    database.close();
  });

  it('tells a lock from other errors', () => {
    const one = openDatabase(join(folder, 'busy.db'));
    const two = openDatabase(join(folder, 'busy.db'));
    one.exec('BEGIN EXCLUSIVE');
    const errorOf = (run: () => void) => {
      try {
        run();
      } catch (error) {
        return error;
      }
      return undefined;
    };
    expect(isBusy(errorOf(() => two.exec('BEGIN EXCLUSIVE')))).toBe(true);
    expect(isBusy(errorOf(() => two.exec('BEGIN NONSENSE')))).toBe(false);
    expect([isBusy(undefined), isBusy(new Error('x'))]).toEqual([false, false]);
    one.close();
    two.close();
  });

  it('leaves the warnings of others alone', () => {
    const { emitWarning } = process;
    openDatabase(':memory:').close();
    expect(process.emitWarning).toBe(emitWarning);
  });
});

describe('a lock', () => {
  it('is held by one, also within one process, and free when its holder lets go or closes', () => {
    const path = join(folder, 'lock.db');
    const [one, two] = [new KernelLock(path), new KernelLock(path)];
    expect([one.tryTake(), two.tryTake(), isLocked(path)]).toEqual([true, false, true]);
    one.release();
    expect([isLocked(path), two.tryTake(), one.tryTake()]).toEqual([false, true, false]);
    // Another user of the file comes and goes: the lock stays.
    new KernelLock(path).close();
    expect(isLocked(path)).toBe(true);
    two.close();
    expect([isLocked(path), one.tryTake()]).toEqual([false, true]);
    one.close();
  });

  it('is waited for without stopping anybody', async () => {
    const path = join(folder, 'wait.db');
    const [one, two] = [new KernelLock(path), new KernelLock(path)];
    await one.take();
    const taken = two.take().then(() => 'taken');
    expect(await Promise.race([taken, new Promise((resolve) => setImmediate(() => resolve('waits')))])).toBe('waits');
    one.release();
    expect(await taken).toBe('taken');
    one.close();
    two.close();
  });

  it('is none where the file is no database of SQLite', async () => {
    const { writeFileSync } = await import('node:fs');
    writeFileSync(join(folder, 'text.db'), 'x'.repeat(2000));
    const lock = new KernelLock(join(folder, 'text.db'));
    expect(() => lock.tryTake()).toThrow();
    lock.close();
  });
});

import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import type { TrailRecord } from '../../../host/audit/index.ts';
import { RequestFeed } from '../../../host/console/request-feed.ts';
import { RequestRows } from '../../../host/console/request-row.ts';
import type { LiveWarden } from '../../../host/serving/index.ts';
import { approval, asked, requested, writeTrail } from '../../support/trails.ts';

const root = mkdtempSync(join(tmpdir(), 'feed-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());

describe('the newest requests', () => {
  it('that could not be read are read later, and stand below what has come since', async () => {
    const folder = join(root, 'trail');
    const live = { events: new EventEmitter() };
    const feed = new RequestFeed(live as unknown as LiveWarden); // all that it uses
    expect(await feed.newest(folder)).toMatchObject({ rows: [], problem: expect.stringContaining('there is no trail') });
    live.events.emit('record', { ...requested('b'), seq: 3, at: 3 } as TrailRecord);
    writeTrail(folder, [[requested('a'), requested('b')]]);
    expect(await feed.newest(folder)).toMatchObject({ rows: [{ audit: 'b' }], problem: expect.any(String) }); // not each time
    const now = performance.now();
    vi.spyOn(performance, 'now').mockImplementation(() => now + 11_000);
    const { rows, problem } = await feed.newest(folder);
    expect(rows.map(({ audit }) => audit)).toEqual(['b', 'a']);
    expect(problem).toBeUndefined();
    feed.close();
  });
});

describe('rows', () => {
  it('of the same question all hear what became of it', () => {
    const rows = new RequestRows(10);
    const told = (entry: object): void => rows.apply({ seq: 1, at: 1, ...entry } as TrailRecord);
    const asks = (audit: string) => ({ kind: 'decided', audit, effect: 'ask', rules: [], approval: 'aaaaa-11111', policy: '' });
    for (const entry of [requested('a'), asks('a'), asked('aaaaa-11111', 'a'), requested('b'), asks('b')]) told(entry);
    told(approval('denied', 'aaaaa-11111'));
    expect(rows.newest()).toEqual([
      expect.objectContaining({ audit: 'b', answer: 'denied' }),
      expect.objectContaining({ audit: 'a', answer: 'denied' }),
    ]);
  });

  it('forget the questions of a request with it, however many its call asked', () => {
    const rows = new RequestRows(1);
    const told = (entry: object): void => rows.apply({ seq: 1, at: 1, ...entry } as TrailRecord);
    told(requested('a'));
    for (const id of ['aaaaa-11111', 'aaaaa-22222']) told(asked(id, 'a'));
    told(asked('aaaaa-33333', 'nobody'));
    told(requested('b'));
    told(requested('a'));
    for (const id of ['aaaaa-11111', 'aaaaa-22222']) told(approval('denied', id));
    expect(rows.newest()).toEqual([expect.not.objectContaining({ answer: expect.anything() })]);
    told(requested('nobody'));
    told(approval('denied', 'aaaaa-33333'));
    expect(rows.newest()).toEqual([expect.not.objectContaining({ answer: expect.anything() })]);
  });
});

import { join } from 'node:path';
import { LiveWarden, type LiveWardenOptions } from 'cellblock';
import { afterAll } from 'vitest';
import { hostFunctions, type Place } from './wardens.ts';

/** Opens wardens whose policy may change, at the sites of a place; whatever is left open is closed after the tests of the file. */
export function useLive(place: Place): (site: string, options?: Partial<LiveWardenOptions>) => Promise<LiveWarden> {
  const opened: LiveWarden[] = [];
  afterAll(async () => {
    await Promise.all(opened.map((live) => live.close().catch(() => undefined)));
  });
  return async (site, options = {}) => {
    const live = await LiveWarden.open({
      policy: join(site, 'cellblock.yaml'),
      cacheDirectory: place.cacheDirectory,
      isolation: 'thread',
      threads: 2,
      lookMs: 0,
      capabilities: hostFunctions({}),
      ...options,
    });
    opened.push(live);
    return live;
  };
}

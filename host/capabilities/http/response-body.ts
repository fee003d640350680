import { pipeline, type Readable, Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { BodyReader } from './body-reader.ts';
import type { Caps, Header } from './decide.ts';
import { ExchangeError, tooLarge } from './failure.ts';
import { SecretFilter } from './secret-filter.ts';

/** Compressions on top of each other; no honest server has more than one. */
const LAYERS_MAX = 2;
const CHUNK_BYTES = 64 * 1024;

const DECOMPRESSORS: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGunzip({ chunkSize: CHUNK_BYTES }),
  'x-gzip': () => createGunzip({ chunkSize: CHUNK_BYTES }),
  deflate: () => createInflate({ chunkSize: CHUNK_BYTES }),
  br: () => createBrotliDecompress({ chunkSize: CHUNK_BYTES }),
};

/** The body of a response as the guest gets it, and the headers that go with it. */
export interface OpenedBody {
  readonly reader: BodyReader;
  readonly headers: readonly Header[];
}

/**
 * @param forms - of secrets that were sent, which must not come back.
 * @throws ExchangeError for compressions that are not known, where they could hide a secret, or too many of them.
 */
export function openBody(
  raw: Readable,
  headers: readonly Header[],
  caps: Caps,
  forms: readonly Buffer[],
  isEmpty: boolean,
): OpenedBody {
  const hasNothing = isEmpty || headers.some(([name, value]) => name === 'content-length' && value === '0');
  const layers = hasNothing ? [] : layersOf(headers);
  const known = layers.every((layer) => Object.hasOwn(DECOMPRESSORS, layer));
  if (layers.length > LAYERS_MAX || (!known && forms.length > 0)) {
    throw new ExchangeError({
      kind: 'unreachable',
      code: 'HTTP-response-content-coding',
      message: 'the response is compressed in a way that is not supported here',
    });
  }
  const inflaters = known ? layers.reverse().map((layer) => DECOMPRESSORS[layer]!()) : [];
  const filters: Transform[] = [...inflaters, ...(forms.length === 0 ? [] : [new SecretFilter(forms)])];
  const steps = inflaters.length === 0 ? filters : [counter(caps.responseBytes), ...filters];
  const last = steps.at(-1);
  // Errors of any step arrive at the last one, which the reader listens to.
  if (last !== undefined) pipeline([raw, ...steps], () => undefined);
  const bytesMax = inflaters.length === 0 ? caps.responseBytes : caps.inflatedBytes;
  const isChanged = inflaters.length > 0 || forms.length > 0;
  return {
    reader: new BodyReader(last ?? raw, bytesMax, tooLarge('response', bytesMax)),
    headers: isChanged
      ? headers.filter(([name]) => name !== 'content-length' && (inflaters.length === 0 || name !== 'content-encoding'))
      : headers,
  };
}

function layersOf(headers: readonly Header[]): string[] {
  return headers
    .filter(([name]) => name === 'content-encoding')
    .flatMap(([, value]) => value.toLowerCase().split(','))
    .map((layer) => layer.trim())
    .filter((layer) => layer !== '' && layer !== 'identity');
}

/** Counts what comes off the wire. */
function counter(bytesMax: number): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes <= bytesMax) done(null, chunk);
      else done(new ExchangeError(tooLarge('response', bytesMax)));
    },
  });
}

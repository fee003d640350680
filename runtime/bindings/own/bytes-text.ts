import { isUtf8 } from 'node:buffer';
import type { ByteReader } from '../../value/byte-reader.ts';
import type { ByteWriter } from '../../value/byte-writer.ts';
import type { Abi } from './abi.ts';
import type { BytesCodec } from './bytes-codec.ts';
import { nextWord } from './bytes-scalars.ts';
import { layoutOf } from './layout.ts';
import { abiTrap } from './trap.ts';

const TEXT_BYTES_MAX = 2 ** 28 - 1;
const UTF16_TAG = 0x8000_0000;
/** Up to this many bytes a loop beats the call into the engine's check of UTF-8. */
const SHORT_BYTES = 32;

/** The codec of `string`. Text crosses as UTF-8: for a guest that has it, it is checked and copied once. */
export const textCodec: BytesCodec = {
  layout: layoutOf({ kind: 'string' }),
  load: (abi, pointer, out) => load(abi, abi.view.getUint32(pointer, true), abi.view.getUint32(pointer + 4, true), out),
  store(abi, pointer, input) {
    const { found, units } = store(abi, input);
    abi.view.setUint32(pointer, found, true);
    abi.view.setUint32(pointer + 4, units, true);
  },
  lift(abi, flat, out) {
    const pointer = nextWord(flat);
    load(abi, pointer, nextWord(flat), out);
  },
  lower(abi, flat, input) {
    const { found, units } = store(abi, input);
    flat.values[flat.at++] = found;
    flat.values[flat.at++] = units;
  },
};

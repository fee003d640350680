// The size of a module's code, which says more about metering than that of its file: rewriting drops debug information.

const CODE = 10;

/** Bytes of the code section; 0 where there is none. @param bytes - a core module that validates. */
export function codeBytes(bytes) {
  let position = 8;
  const integer = () => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[position++];
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value;
    }
  };
  while (position < bytes.length) {
    const id = bytes[position++];
    const size = integer();
    if (id === CODE) return size;
    position += size;
  }
  return 0;
}

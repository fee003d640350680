import { digest, numbers } from '../data.mjs';

/** Parses HTTP responses: a state machine that calls the host for every part. C. */
export default {
  name: 'llhttp',
  kind: 'parser',
  packages: ['undici@7.30.2'],
  async load({ commonJs, path }) {
    const module = new WebAssembly.Module(commonJs(path('undici/lib/llhttp/llhttp_simd-wasm.js')));
    const seen = { mix: 0 };
    const { exports } = new WebAssembly.Instance(module, { env: callbacks(seen) });
    exports._initialize?.();
    const data = Buffer.from(responses(600));
    const at = exports.malloc(data.length);
    return () => {
      seen.mix = 0;
      for (let left = 400; left > 0; left -= 1) parse(exports, data, at);
      return digest(seen.mix);
    };
  },
};

function callbacks(seen) {
  const note = (value) => {
    seen.mix = (Math.imul(seen.mix, 31) + value) | 0;
    return 0;
  };
  const span = (_parser, _at, length) => note(length);
  const event = () => note(1);
  return {
    wasm_on_url: span,
    wasm_on_status: span,
    wasm_on_header_field: span,
    wasm_on_header_value: span,
    wasm_on_body: span,
    wasm_on_message_begin: event,
    wasm_on_message_complete: event,
    wasm_on_headers_complete: (_parser, status) => note(status),
  };
}

function parse(exports, data, at) {
  const parser = exports.llhttp_alloc(2);
  new Uint8Array(exports.memory.buffer).set(data, at);
  const fault = exports.llhttp_execute(parser, at, data.length);
  if (fault !== 0) throw new Error(`llhttp found fault ${fault}`);
  exports.llhttp_free(parser);
}

function responses(count) {
  const next = numbers(6);
  const chunk = (size) => `${size.toString(16)}\r\n${'c'.repeat(size)}\r\n`;
  const text = [];
  for (let at = 0; at < count; at += 1) {
    text.push(`HTTP/1.1 ${200 + (next() % 4)} OK fine\r\nContent-Type: text/plain; charset=utf-8\r\n`);
    text.push(`X-Long-Header-${at}: ${'v'.repeat(next() % 200)}\r\nConnection: keep-alive\r\n`);
    const size = next() % 300;
    if (at % 3 !== 0) text.push(`Content-Length: ${size}\r\n\r\n${'b'.repeat(size)}`);
    else text.push(`Transfer-Encoding: chunked\r\n\r\n${[5, 60, 1, 17].map(chunk).join('')}0\r\n\r\n`);
  }
  return text.join('');
}

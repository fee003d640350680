import { digest, prose, repeat } from '../data.mjs';

/** Splits prose into tokens and joins them again. Rust. */
export default {
  name: 'tiktoken',
  kind: 'parser',
  packages: ['tiktoken@1.0.22'],
  async load({ commonJs, file }) {
    const { init, Tiktoken } = commonJs('tiktoken/lite/init');
    await init((imports) => WebAssembly.instantiate(file('tiktoken/lite/tiktoken_bg.wasm'), imports));
    const { bpe_ranks: ranks, special_tokens: special, pat_str: pattern } = commonJs('tiktoken/encoders/cl100k_base.json');
    const encoder = new Tiktoken(ranks, special, pattern);
    const text = prose(150_000);
    const work = () => {
      const tokens = encoder.encode(text);
      return digest(tokens, encoder.decode(tokens));
    };
    return () => repeat(3, work);
  },
};

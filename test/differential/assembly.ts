import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';

/** String encodings of a component, in WIT's words. */
export type Encoding = 'utf8' | 'utf16' | 'latin1+utf16';

const WASM_TOOLS_WORD = { utf8: 'utf8', utf16: 'utf16', 'latin1+utf16': 'compact-utf16' } as const;

/** A component from core text and WIT, whose strings have this encoding. */
export async function component(core: string, wit: string, encoding: Encoding): Promise<Uint8Array> {
  const binary = await parse(core);
  const stringEncoding = WASM_TOOLS_WORD[encoding];
  return componentNew(await componentEmbed({ binary, witSource: wit, stringEncoding }));
}

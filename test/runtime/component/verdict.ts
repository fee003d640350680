import { decodeComponent } from '../../../runtime/component/decode.ts';
import { isCoded } from '../../../runtime/error.ts';
import { assemble } from '../../support/assemble.ts';

/** What the decoder says of a component with this text inside: code and message without the offset, or `valid`. */
export async function verdict(body: string): Promise<string> {
  return verdictOf(await assemble(`(component ${body})`));
}

/** As `verdict`, of a binary. Fails when the error says no offset inside of it. */
export function verdictOf(bytes: Uint8Array): string {
  try {
    decodeComponent(bytes);
    return 'valid';
  } catch (error) {
    if (!isCoded(error)) throw error;
    const { offset } = error.data;
    if (typeof offset !== 'number' || offset > bytes.length) throw new Error(`no offset: ${error.message}`, { cause: error });
    return `${error.code}: ${error.message.replace(/ at byte \d+/, '')}`;
  }
}

/** How the verdict on most invalid components begins. */
export const MALFORMED = 'component/malformed: expected';

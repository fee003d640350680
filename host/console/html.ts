import { html } from 'hono/html';

/** A piece of a page. Only `html` makes one, which escapes all that is put into it; nothing in this folder makes markup of a text. */
export type Html = ReturnType<typeof html>;

export { html };

/** Nothing, where a piece may be left out. */
export const NOTHING: Html = html``;

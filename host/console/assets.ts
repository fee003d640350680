import { createHash } from 'node:crypto';
import { SCRIPT } from './script.ts';
import { STYLES } from './styles.ts';

/* Both are strings of the program: there is no file to find, and their names change with what is in them. */

export const CSS_PATH = `/console-${digestOf(STYLES)}.css`;
export const SCRIPT_PATH = `/console-${digestOf(SCRIPT)}.js`;

/** @returns undefined for any other path. */
export function assetResponse(path: string): Response | undefined {
  if (path === CSS_PATH) return responseOf(STYLES, 'text/css; charset=utf-8');
  return path === SCRIPT_PATH ? responseOf(SCRIPT, 'text/javascript; charset=utf-8') : undefined;
}

function responseOf(text: string, type: string): Response {
  return new Response(text, { headers: { 'content-type': type, 'cache-control': 'public, max-age=31536000, immutable' } });
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

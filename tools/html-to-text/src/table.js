import { elementsWhere } from './tree.js';

/** @typedef {import('./tree.js').Element} Element */

/** Columns that a cell may span. */
const SPAN_MAX = 50;

/**
 * The rows of a table of data.
 *
 * @param {Element} table
 * @returns {readonly (readonly Element[])[] | undefined} nothing for a table that only places things on the page.
 */
export function dataRows(table) {
  if (/^(presentation|none)$/.test(table.attributes.role ?? '')) return undefined;
  if (elementsWhere(table, ({ name }) => name === 'table').length > 0) return undefined;
  const rows = elementsWhere(table, ({ name }) => name === 'tr')
    .map(cellsOf)
    .filter((cells) => cells.length > 0);
  return rows.length > 1 && rows.some((cells) => cells.length > 1) ? rows : undefined;
}

/** @param {Element} row @returns {Element[]} cells that span columns are followed by empty ones. */
function cellsOf(row) {
  return elementsWhere(row, ({ name }) => name === 'td' || name === 'th').flatMap((cell) => {
    const span = Math.min(SPAN_MAX, Math.max(1, Number.parseInt(cell.attributes.colspan ?? '1', 10) || 1));
    return [cell, ...Array.from({ length: span - 1 }, () => ({ name: 'td', attributes: {}, children: [] }))];
  });
}

/**
 * @param {readonly (readonly string[])[]} rows - one line each.
 * @param {boolean} isMarkdown
 * @returns {string[]} lines.
 */
export function tableLines(rows, isMarkdown) {
  if (!isMarkdown) return rows.map((cells) => cells.join(' | ').trimEnd());
  const columns = rows.reduce((most, cells) => Math.max(most, cells.length), 0);
  const lines = rows.map((cells) => `| ${Array.from({ length: columns }, (_, at) => cells[at] ?? '').join(' | ')} |`);
  return [lines[0] ?? '', `|${' --- |'.repeat(columns)}`, ...lines.slice(1)];
}

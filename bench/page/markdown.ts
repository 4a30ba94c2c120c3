import type { Spread } from '../statistics.ts';

/** A table in Markdown; the first row is its head. */
export function markdownTable(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return [head, rule, ...body].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** The median, with the least and the most where there are several. */
export function written({ min, median, max, count }: Spread, digits = 2): string {
  const range = count > 1 ? ` (${min.toFixed(digits)} to ${max.toFixed(digits)})` : '';
  return `${median.toFixed(digits)}${range}`;
}

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

/** The page with this section in place of the one under the same heading; at its end, where there was none. */
export function withSection(page: string, heading: string, section: string): string {
  const start = page.indexOf(`${heading}\n`);
  if (start === -1) return `${page.trimEnd()}\n\n${section}\n`;
  const next = page.indexOf('\n## ', start + heading.length);
  const rest = next === -1 ? '' : page.slice(next);
  return `${page.slice(0, start)}${section}\n${rest}`;
}

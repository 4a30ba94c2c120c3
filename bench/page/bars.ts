/** A bar chart as SVG, small and readable on a light and on a dark page. */
import type { Spread } from '../statistics.ts';

export interface Bar {
  name: string;
  spread: Spread;
  /** Ours stands out. */
  ours: boolean;
}

export interface Chart {
  title: string;
  groups: { name: string; bars: Bar[] }[];
  /** Drawn as a line across each group: the yardstick. */
  mark?: number;
  digits: number;
}

const WIDTH = 640;
const LABELS = 200;
/** Room for the number behind the longest bar. */
const NUMBERS = 60;
const ROW = 18;
const GAP = 30;
const TOP = 28;

/** Grey is readable on white and on black; whoever says which of them is there gets more contrast. */
export const STYLE = `text{font:12px system-ui,sans-serif;fill:#777}.title{font-weight:600}.ours{fill:#2f81f7}.other{fill:#8b949e}
.spread{stroke:#777;stroke-width:1.5}.mark{stroke:#d29922;stroke-dasharray:3 3}
@media(prefers-color-scheme:light){text{fill:#1f2328}}@media(prefers-color-scheme:dark){text{fill:#e6edf3}}`;

export function barChart({ title, groups, mark, digits }: Chart): string {
  const scale = (WIDTH - LABELS - NUMBERS) / largest(groups, mark);
  const parts = [line(`<text class="title" x="0" y="14">${escaped(title)}</text>`)];
  let y = TOP;
  for (const { name, bars } of groups) {
    parts.push(line(`<text x="0" y="${y + 14}">${escaped(name)}</text>`));
    y += ROW + 2;
    const bottom = y + bars.length * ROW;
    for (const bar of bars) {
      parts.push(drawn(bar, y, scale, digits));
      y += ROW;
    }
    if (mark !== undefined) {
      const x = LABELS + mark * scale;
      parts.push(
        line(
          `<line class="mark" x1="${n(x)}" x2="${n(x)}" y1="${bottom - bars.length * ROW}" y2="${bottom}"/>`,
        ),
      );
    }
    y += GAP - ROW;
  }
  const size = `width="${WIDTH}" height="${y}" viewBox="0 0 ${WIDTH} ${y}"`;
  const label = `role="img" aria-label="${escaped(title)}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${label}>\n<style>${STYLE}</style>\n${parts.join('')}</svg>\n`;
}

function drawn({ name, spread, ours }: Bar, y: number, scale: number, digits: number): string {
  const { min, median, max } = spread;
  const middle = y + ROW / 2;
  const end = LABELS + median * scale;
  return [
    line(`<text x="${LABELS - 8}" y="${middle + 4}" text-anchor="end">${escaped(name)}</text>`),
    line(
      `<rect class="${ours ? 'ours' : 'other'}" x="${LABELS}" y="${y + 3}" width="${n(median * scale)}" height="${ROW - 6}"/>`,
    ),
    line(
      `<line class="spread" x1="${n(LABELS + min * scale)}" x2="${n(LABELS + max * scale)}" y1="${middle}" y2="${middle}"/>`,
    ),
    line(
      `<text x="${n(Math.max(end, LABELS + max * scale) + 6)}" y="${middle + 4}">${median.toFixed(digits)}</text>`,
    ),
  ].join('');
}

function largest(groups: Chart['groups'], mark = 0): number {
  return Math.max(mark, ...groups.flatMap(({ bars }) => bars.map(({ spread }) => spread.max))) || 1;
}

function n(value: number): string {
  return value.toFixed(1);
}

function line(text: string): string {
  return `${text}\n`;
}

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

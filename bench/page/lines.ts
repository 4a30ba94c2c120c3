/** A chart of lines as SVG, both axes by powers of ten, readable on a light and on a dark page. */
import { escaped, STYLE } from './bars.ts';

export interface LineChart {
  title: string;
  /** The titles of the axes, with their units. */
  x: string;
  y: string;
  lines: { name: string; points: readonly (readonly [x: number, y: number])[] }[];
}

const WIDTH = 640;
const HEIGHT = 320;
const LEFT = 60;
const RIGHT = 150;
const TOP = 44;
const BOTTOM = 40;
const COLOURS = ['#2f81f7', '#d29922', '#3fb950', '#a371f7', '#db61a2'];

export function lineChart({ title, x, y, lines }: LineChart): string {
  const points = lines.flatMap((line) => line.points);
  const across = axis(points.map(([value]) => value));
  const up = axis(points.map(([, value]) => value));
  const at = (value: number) => LEFT + across.share(value) * (WIDTH - LEFT - RIGHT);
  const over = (value: number) => HEIGHT - BOTTOM - up.share(value) * (HEIGHT - TOP - BOTTOM);
  const parts = [
    `<text class="title" x="0" y="14">${escaped(title)}</text>`,
    `<text x="0" y="32">${escaped(y)}</text>`,
    `<text x="${WIDTH - RIGHT}" y="${HEIGHT - 8}" text-anchor="end">${escaped(x)}</text>`,
    ...up.powers.map((power) => grid(LEFT, WIDTH - RIGHT, over(power), over(power), written(power), 'y')),
    ...across.powers.map((power) => grid(at(power), at(power), TOP, HEIGHT - BOTTOM, written(power), 'x')),
    ...lines.map((line, index) => drawn(line, COLOURS[index % COLOURS.length]!, at, over)),
  ];
  const size = `width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}"`;
  const label = `role="img" aria-label="${escaped(title)}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${label}>\n<style>${STYLE}</style>\n${parts.join('\n')}\n</svg>\n`;
}

/** Returns the axis from the power of ten below the least value to the one above the largest. */
function axis(values: readonly number[]) {
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))));
  return {
    powers: Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index)),
    share: (value: number) => (Math.log10(value) - low) / (high - low),
  };
}

function grid(x1: number, x2: number, y1: number, y2: number, text: string, of: 'x' | 'y'): string {
  const label =
    of === 'y'
      ? `<text x="${LEFT - 6}" y="${n(y1 + 4)}" text-anchor="end">${text}</text>`
      : `<text x="${n(x1)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${text}</text>`;
  return `<line x1="${n(x1)}" x2="${n(x2)}" y1="${n(y1)}" y2="${n(y2)}" stroke="#777" stroke-opacity="0.25"/>${label}`;
}

function drawn(
  { name, points }: LineChart['lines'][number],
  colour: string,
  at: (value: number) => number,
  over: (value: number) => number,
): string {
  const path = points.map(([x, y]) => `${n(at(x))},${n(over(y))}`).join(' ');
  const dots = points.map(([x, y]) => `<circle cx="${n(at(x))}" cy="${n(over(y))}" r="3" fill="${colour}"/>`);
  const [x, y] = points.at(-1)!;
  const text = `<text x="${n(at(x) + 8)}" y="${n(over(y) + 4)}">${escaped(name)}</text>`;
  return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join('')}${text}`;
}

function written(value: number): string {
  return value >= 1 ? value.toLocaleString('en') : String(Number(value.toPrecision(1)));
}

function n(value: number): string {
  return value.toFixed(1);
}

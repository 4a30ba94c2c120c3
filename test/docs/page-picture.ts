/** Draws a page as a browser laid it out, as an SVG that is light or dark as its reader is. */
import type { Page } from 'playwright-core';
import { type Border, type Box, type Line, layoutOf, type Rectangle } from '../support/page-layout.ts';

/** The two colours of one thing: in the light, and in the dark. */
type Colours = readonly [light: string, dark: string];

interface Picture {
  width: number;
  height: number;
  title: string;
}

/** The place of the baseline in the box of a line, as in DejaVu Sans; other fonts have nearly the same. */
const BASELINE = 0.8;

/** Returns the upper left part of the page as SVG. The page must stay as it is meanwhile. */
export async function drawn(page: Page, { width, height, title }: Picture): Promise<string> {
  await page.emulateMedia({ colorScheme: 'dark' });
  const dark = await layoutOf(page);
  await page.emulateMedia({ colorScheme: 'light' });
  const light = await layoutOf(page);
  if (dark.length !== light.length) throw new Error('the page changed while it was drawn');

  const palette = new Palette();
  const shapes = light
    .map((one, index) => [one, dark[index]!] as const)
    .filter(([{ x, y }]) => x < width && y < height)
    .flatMap(([one, other]) =>
      one.kind === 'line'
        ? textOf(one, palette.name(one.color, (other as Line).color))
        : boxOf(one, other as Box, palette),
    );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="'DejaVu Sans',Verdana,sans-serif">`,
    `<title>${title}</title>`,
    `<style>text{white-space:pre}.bold{font-weight:bold}${palette.styles()}</style>`,
    ...shapes,
    '</svg>',
    '',
  ].join('\n');
}

/** The colours of the picture, each under the name of its class. */
class Palette {
  #names = new Map<string, { name: string; colours: Colours }>();

  name(...colours: Colours): string {
    const key = colours.join();
    const known = this.#names.get(key) ?? { name: `c${this.#names.size}`, colours };
    this.#names.set(key, known);
    return known.name;
  }

  styles(): string {
    const rules = (which: 0 | 1) =>
      [...this.#names.values()].map(({ name, colours }) => `.${name}{fill:${hex(colours[which])}}`).join('');
    return `${rules(0)}\n@media (prefers-color-scheme:dark){${rules(1)}}`;
  }
}

/** Returns `rgb(1, 2, 3)` as `#010203`. */
function hex(rgb: string): string {
  const parts = rgb.match(/\d+/g)!.slice(0, 3);
  return `#${parts.map((part) => Number(part).toString(16).padStart(2, '0')).join('')}`;
}

const isSeen = (color: string) => !color.endsWith(', 0)');
const ground = ({ background, behind }: Box) => (isSeen(background) ? background : behind);
const rounded = (length: number) => Math.round(length * 2) / 2;

function rect({ x, y, width, height }: Rectangle, colour: string, radius = 0): string {
  const corner = radius > 0 ? ` rx="${radius}"` : '';
  const [left, top] = [rounded(x), rounded(y)];
  const size = `width="${rounded(x + width) - left}" height="${rounded(y + height) - top}"`;
  return `<rect class="${colour}" x="${left}" y="${top}" ${size}${corner}/>`;
}

function boxOf(box: Box, dark: Box, palette: Palette): string[] {
  const shapes: string[] = [];
  const [first] = box.borders;
  if (box.radius > 0 && first!.width > 0) {
    // A rounded border is a box behind the box.
    shapes.push(rect(box, palette.name(first!.color, dark.borders[0]!.color), box.radius));
    shapes.push(rect(inside(box, first!.width), palette.name(ground(box), ground(dark)), box.radius - 1));
    return shapes;
  }
  if (isSeen(box.background)) {
    shapes.push(rect(box, palette.name(box.background, dark.background), box.radius));
  }
  const edges = (borders: Border[], others: Border[]) =>
    borders.flatMap(({ width, color }, side) =>
      width > 0 && isSeen(color)
        ? rect(edge(box, side, width), palette.name(color, others[side]!.color))
        : [],
    );
  shapes.push(...edges(box.borders, dark.borders));
  if (box.frame !== undefined) shapes.push(...edges(Array(4).fill(box.frame), Array(4).fill(dark.frame)));
  return shapes;
}

function inside({ x, y, width, height }: Rectangle, by: number): Rectangle {
  return { x: x + by, y: y + by, width: width - 2 * by, height: height - 2 * by };
}

/** Returns a side of a box. The sides are counted clockwise from the top. */
function edge({ x, y, width, height }: Rectangle, side: number, thick: number): Rectangle {
  if (side % 2 === 0) return { x, y: side === 0 ? y : y + height - thick, width, height: thick };
  return { x: side === 3 ? x : x + width - thick, y, width: thick, height };
}

/** Returns a line as text that keeps its length when the reader has a wider or a narrower font. */
function textOf(line: Line, colour: string): string[] {
  const { x, y, width, height, text, fontSize, bold, struck, underlined, vertical } = line;
  if (text.trim() === '') return [];
  const decoration = struck
    ? ' text-decoration="line-through"'
    : underlined
      ? ' text-decoration="underline"'
      : '';
  const [left, bottom] = vertical
    ? [rounded(x + width * BASELINE), rounded(y + height)]
    : [rounded(x), rounded(y + height * BASELINE)];
  const turned = vertical ? ` transform="rotate(-90 ${left} ${bottom})"` : '';
  const long = rounded(vertical ? height : width);
  const length = long === 0 ? '' : ` textLength="${long}" lengthAdjust="spacingAndGlyphs"`;
  return [
    `<text class="${colour}${bold ? ' bold' : ''}" x="${left}" y="${bottom}" font-size="${fontSize}"${length}${decoration}${turned}>${escaped(text)}</text>`,
  ];
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

/**
 * Returns the words and the colours of a picture, which tell whether it is up to date, whatever fonts the machine has.
 */
export function contentOf(svg: string): { words: string; styles: string } {
  const texts = [...svg.matchAll(/<text [^>]*>(.*?)<\/text>/g)].map(([, text]) => text!);
  // Without spaces: where a line is broken is a matter of the fonts.
  const words = texts.join('').replaceAll(' ', '');
  return { words, styles: /<style>([\s\S]*?)<\/style>/.exec(svg)?.[1] ?? '' };
}

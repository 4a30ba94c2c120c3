/** The layout of a page in a browser: its boxes and lines of text, where they are and how they look. */
import type { Page } from 'playwright-core';

const SIDES = ['top', 'right', 'bottom', 'left'] as const;
const STYLES = [
  ...['color', 'background-color', 'visibility', 'writing-mode', 'text-decoration-line'],
  ...['font-size', 'font-weight', 'border-top-left-radius', 'box-shadow'],
  ...SIDES.flatMap((side) => [`border-${side}-width`, `border-${side}-color`]),
];

export interface Rectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Border {
  width: number;
  color: string;
}

/** An element with its borders in the order top, right, bottom, left. Colours are as CSS writes what it computed. */
export interface Box extends Rectangle {
  kind: 'box';
  name: string;
  background: string;
  behind: string;
  borders: Border[];
  radius: number;
  /** The frame inside of it, which is a shadow without blur. */
  frame: Border | undefined;
}

/** A line of text. `behind` is the nearest background behind it, as it is of a box. */
export interface Line extends Rectangle {
  kind: 'line';
  text: string;
  color: string;
  behind: string;
  fontSize: number;
  bold: boolean;
  struck: boolean;
  underlined: boolean;
  vertical: boolean;
}

const TRANSPARENT = 'rgba(0, 0, 0, 0)';

/** Returns what can be seen of a page, what lies behind first. */
export async function layoutOf(page: Page): Promise<(Box | Line)[]> {
  const session = await page.context().newCDPSession(page);
  const { documents, strings } = await session.send('DOMSnapshot.captureSnapshot', {
    computedStyles: STYLES,
  });
  await session.detach();
  const { nodes, layout, textBoxes } = documents[0]!;
  const styles = layout.styles.map((values) =>
    Object.fromEntries(values.map((value, index) => [STYLES[index]!, strings[value]!])),
  );
  const placeOf = new Map(layout.nodeIndex.map((node, place) => [node, place]));

  const behind = (node: number): string => {
    for (let at = nodes.parentIndex![node]!; at >= 0; at = nodes.parentIndex![at]!) {
      const ground = styles[placeOf.get(at) ?? -1]?.['background-color'] ?? TRANSPARENT;
      if (ground !== TRANSPARENT) return ground;
    }
    return 'rgb(255, 255, 255)';
  };
  /** The text of the option that a select shows. */
  const chosen = (select: number): string => {
    const selected = new Set(nodes.optionSelected!.index);
    const option = nodes.parentIndex!.findIndex((parent, node) => parent === select && selected.has(node));
    return strings[nodes.nodeValue![nodes.parentIndex!.indexOf(option)]!]!;
  };
  const linesAt = Map.groupBy(textBoxes.layoutIndex.keys(), (index) => textBoxes.layoutIndex[index]!);

  return layout.nodeIndex.flatMap((node, place): (Box | Line)[] => {
    const style = styles[place]!;
    if (style.visibility !== 'visible' || layout.bounds[place]![0]! < 0) return [];
    const text = strings[layout.text[place]!];
    if (text === undefined) {
      const name = strings[nodes.nodeName![node]!]!.toLowerCase();
      const box = boxOf(name, layout.bounds[place]!, style, behind(node));
      return name === 'select' ? [box, ...choiceOf(chosen(node), box, style)] : [box];
    }
    return [...(linesAt.get(place) ?? [])].map((index) => {
      const start = textBoxes.start[index]!;
      const part = text.slice(start, start + textBoxes.length[index]!);
      return lineOf(part, textBoxes.bounds[index]!, style, behind(node));
    });
  });
}

type Style = Record<string, string>;

function boxOf(name: string, bounds: readonly number[], style: Style, behind: string): Box {
  const [, color, width] = /^(rgb\(.+?\)) 0px 0px 0px (\d+)px inset$/.exec(style['box-shadow']!) ?? [];
  return {
    kind: 'box',
    name,
    ...rectangle(bounds),
    background: style['background-color']!,
    behind,
    borders: SIDES.map((side) => ({
      width: Number.parseFloat(style[`border-${side}-width`]!),
      color: style[`border-${side}-color`]!,
    })),
    radius: Number.parseFloat(style['border-top-left-radius']!),
    frame: color === undefined ? undefined : { color, width: Number(width) },
  };
}

/** The browser draws a choice and its arrow where no box or text of the page is, so that their width is not known: 0. */
function choiceOf(text: string, { x, y, width, height, background }: Box, style: Style): Line[] {
  const size = Number.parseFloat(style['font-size']!);
  const tall = size * 1.2;
  const top = y + (height - tall) / 2;
  return [
    lineOf(text, [x + size, top, 0, tall], style, background),
    lineOf('▾', [x + width - size * 1.4, top, 0, tall], style, background),
  ];
}

function lineOf(text: string, bounds: readonly number[], style: Style, behind: string): Line {
  return {
    kind: 'line',
    text,
    ...rectangle(bounds),
    color: style.color!,
    behind,
    fontSize: Number.parseFloat(style['font-size']!),
    bold: Number(style['font-weight']) >= 600,
    struck: style['text-decoration-line'] === 'line-through',
    underlined: style['text-decoration-line'] === 'underline',
    vertical: style['writing-mode'] !== 'horizontal-tb',
  };
}

function rectangle([x, y, width, height]: readonly number[]): Rectangle {
  return { x: x!, y: y!, width: width!, height: height! };
}

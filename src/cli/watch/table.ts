import { visible } from '../../visible.ts';
import type { ViewStanding } from '../sidecars/standing.ts';
import { type Colour, colouring } from '../terminal.ts';
import type { Row, TableView } from './member-rows.ts';

/** The size of a terminal, and whether it has colours. */
export interface Screen {
  columns: number;
  rows: number;
  colours: boolean;
}

/** Text that a colour is put around after it was cut, so that its width is that of its characters. */
interface Cell {
  text: string;
  colour?: Colour | undefined;
}

const HEADINGS = ['MEMBER', 'READY', 'AGE', 'ZONE', 'NODE'] as const;
/** Wide enough for "db-0..." to be told from "db-1...". */
const LEAST_WIDTH = 8;
const GAP = 2;
/** The lines around the members: title, state, own view, headings and the count of the rest. */
const FRAME_LINES = 6;
/**
 * The most lines of one sentence. Its end says what to do, so that it is not cut on a usual screen: the longest has
 * some 250 characters, and a line of such a screen 80.
 */
const SENTENCE_LINES = 4;

/** Returns the lines of the table, none longer than the screen is wide. */
export function tableOf(view: TableView, now: number, screen: Screen): string[] {
  const inColour = colouring(screen.colours);
  const paint = ({ text, colour }: Cell) => (colour === undefined ? text : inColour(colour, text));
  const whole = (cell: Cell) => paint({ ...cell, text: cut(cell.text, screen.columns) });
  const said = [
    stateOf(view),
    ...(view.own === undefined ? [] : [ownOf(view.own, now)]),
    ...(view.waiting === null ? [] : [waitOf(view.waiting)]),
  ];
  // Two of the lines of the frame are for a sentence each, and one member is to have a line.
  const free = Math.max(2, screen.rows - FRAME_LINES + 1);
  const most = Math.max(1, Math.min(SENTENCE_LINES, Math.floor(free / Math.max(2, said.length))));
  const sentence = (cell: Cell) =>
    wrapped(cell.text, screen.columns, most).map((text) => paint({ ...cell, text }));
  const sentences = said.flatMap(sentence).slice(0, free);
  const room = Math.max(1, screen.rows - FRAME_LINES - Math.max(0, sentences.length - 2));
  const rows = view.rows.slice(0, room).map((row) => cellsOf(row, now));
  const widths = widthsOf([HEADINGS.map((text) => ({ text })), ...rows], screen.columns);
  const line = (cells: readonly Cell[]) =>
    cells
      .map((cell, index) => {
        const width = widths[index]!;
        const text = cut(cell.text, width);
        return paint({ ...cell, text }) + ' '.repeat(width - text.length);
      })
      .join(' '.repeat(GAP))
      .trimEnd();
  const rest = view.rows.length - rows.length;
  return [
    whole({ text: titleOf(view), colour: 'bold' }),
    ...sentences,
    ...(rows.length === 0 ? [] : [line(HEADINGS.map((text) => ({ text, colour: 'dim' as const })))]),
    ...rows.map(line),
    ...(rest > 0
      ? [whole({ text: `and ${rest} more, for which there is no room here`, colour: 'dim' })]
      : []),
  ];
}

function titleOf({ title, rows, group }: TableView): string {
  const there = rows.filter(({ left }) => !left);
  const ready = there.filter(({ member }) => member.ready).length;
  const counts = group.synced
    ? `${there.length} ${there.length === 1 ? 'member' : 'members'}, ${ready} ready, revision ${group.revision}`
    : 'not known yet';
  return `${title}: ${counts}`;
}

/** The mark, the word and the colour say the same, so that each can be missing. */
function stateOf({ group: { status } }: TableView): Cell {
  if (!status.stale) return { text: '= fresh: this is what the API says', colour: 'green' };
  const reason = status.reason === undefined ? '' : ` (${status.reason})`;
  const message = status.message === undefined ? '' : `: ${visible(status.message)}`;
  return { text: `! STALE${reason} since ${timeOf(status.since)}${message}`, colour: 'red' };
}

function ownOf(own: ViewStanding, now: number): Cell {
  const { state, why, revision, behindSince } = own;
  const details = [
    revision === undefined ? '' : `, revision ${revision}`,
    behindSince === undefined ? '' : `, for ${span(now - behindSince)}`,
  ];
  const text = `its own sidecar: ${state}${details.join('')}: ${visible(why)}`;
  if (state === 'same') return { text: `= ${text}`, colour: 'green' };
  return {
    text: `${state === 'unknown' ? '?' : '!'} ${text}`,
    colour: state === 'unknown' ? 'dim' : 'yellow',
  };
}

function waitOf(waiting: string): Cell {
  return { text: `! ${visible(waiting)}`, colour: 'yellow' };
}

function cellsOf({ member, since, older, left }: Row, now: number): Cell[] {
  const age = `${older && !left ? '>' : ''}${span(now - since)}`;
  const self = member.self === true ? ' (this pod)' : '';
  return [
    { text: visible(`${member.name}${self}`), colour: left ? 'dim' : undefined },
    readiness(member, left),
    { text: left ? `left ${age} ago` : age, colour: left ? 'dim' : undefined },
    { text: visible(member.zone ?? '-') },
    { text: visible(member.node ?? '-') },
  ];
}

function readiness({ ready, terminating }: Row['member'], left: boolean): Cell {
  if (left) return { text: 'left', colour: 'dim' };
  if (terminating) return { text: 'leaving', colour: 'yellow' };
  return ready ? { text: 'yes', colour: 'green' } : { text: 'no', colour: 'red' };
}

/**
 * Returns the width of each column: that of its widest text, less where the lines do not fit, in the widest columns
 * first.
 */
function widthsOf(lines: readonly (readonly Cell[])[], columns: number): number[] {
  const widths = HEADINGS.map((_, index) => Math.max(...lines.map((cells) => cells[index]!.text.length)));
  const room = columns - GAP * (widths.length - 1);
  let over = widths.reduce((sum, width) => sum + width, 0) - room;
  while (over > 0 && Math.max(...widths) > LEAST_WIDTH) {
    widths[widths.indexOf(Math.max(...widths))]! -= 1;
    over -= 1;
  }
  return widths;
}

/** Breaks a text at its spaces into lines of the width; what is longer than the most lines is cut. */
function wrapped(text: string, width: number, most: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width && lines.length < most - 1) {
    const space = rest.lastIndexOf(' ', width);
    const end = space > 0 ? space : width;
    lines.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return [...lines, cut(rest, width)];
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

/** A length of time as kubectl shows ages: `12s`, `3m`, `2h`, `5d`. */
export function span(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

function timeOf(date: Date): string {
  return date.toISOString().slice(11, 19);
}

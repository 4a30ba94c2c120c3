import type { Io, StandardOutput } from '../io.ts';
import type { ViewStanding } from '../sidecars/standing.ts';
import { hasColours } from '../terminal.ts';
import type { GroupNews } from './group-news.ts';
import type { WatchedGroup } from './groups.ts';
import { MemberRows } from './member-rows.ts';
import { type Screen, tableOf } from './table.ts';

/** Ages are in seconds. */
const REDRAW_MS = 1000;
/** A roll-out changes more often than anybody reads. */
const CHANGES_MS = 100;
/** The size of a terminal that does not tell its own. */
const USUAL = { columns: 80, rows: 24 } as const;

/** Returns what is known of the terminal. */
export function screenOf(io: Pick<Io, 'stdout' | 'env'>): Screen {
  const { columns, rows } = io.stdout;
  return { columns: columns || USUAL.columns, rows: rows || USUAL.rows, colours: hasColours(io) };
}

/** A table that is drawn over itself whenever something happened, and each second for the ages. */
export class TerminalTable {
  #out: StandardOutput;
  #followed: WatchedGroup;
  #screen: () => Screen;
  #rows = new MemberRows();
  #own: ViewStanding | undefined;
  #waiting: string | null = null;
  #drawn = 0;
  #planned: NodeJS.Timeout | undefined;
  #clockwork: NodeJS.Timeout;

  constructor(out: StandardOutput, followed: WatchedGroup, screen: () => Screen) {
    this.#out = out;
    this.#followed = followed;
    this.#screen = screen;
    this.#clockwork = setInterval(() => this.#draw(), REDRAW_MS);
    this.#draw();
  }

  tell(told: GroupNews): void {
    if (told.type === 'change') this.#rows.apply(told, performance.now());
    if (told.type === 'own') this.#own = told.own;
    if (told.type === 'gate') this.#waiting = told.waiting;
    this.#planned ??= setTimeout(() => this.#draw(), CHANGES_MS);
  }

  close(): void {
    clearInterval(this.#clockwork);
    clearTimeout(this.#planned);
    this.#draw();
  }

  #draw(): void {
    clearTimeout(this.#planned);
    this.#planned = undefined;
    const now = performance.now();
    const { title, group } = this.#followed;
    const view = { title, group, rows: this.#rows.list(now), own: this.#own, waiting: this.#waiting };
    const lines = tableOf(view, now, this.#screen());
    // The cursor goes up to the first line of the last drawing; each line is overwritten, and the rest below is erased.
    const up = this.#drawn === 0 ? '' : `\x1b[${this.#drawn}A\r`;
    this.#out.write(`${up}${lines.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J`);
    this.#drawn = lines.length;
  }
}

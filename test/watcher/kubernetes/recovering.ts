/** The states in which something goes wrong, what goes wrong, and what is done about it, as tests say it. */
import { type StatusObject, statusError } from '../../../src/watcher/kubernetes/api-error.ts';
import { type Recovery, WatchEnded } from '../../../src/watcher/kubernetes/recover.ts';
import { type History, type Phase, START, type State } from '../../../src/watcher/kubernetes/states.ts';

export const NOW = 100_000;

const later = new Map([['a', []]]);
export const PHASES = {
  listing: { name: 'listing', from: '7' },
  'first page': { name: 'paging', from: '7', next: '', paged: true, pages: 0, parts: new Map() },
  'later page': { name: 'paging', from: '7', next: 'token', paged: true, pages: 0, parts: later },
  watching: { name: 'watching', version: '9' },
} satisfies Record<string, Phase<never>>;
export type PhaseName = keyof typeof PHASES;

export const refused = (code: number, more: StatusObject = {}) => statusError({ code, ...more }, 'response');
export const inStream = (code: number, more: StatusObject = {}) => statusError({ code, ...more }, 'stream');
export const ended = (given: Partial<WatchEnded>) =>
  new WatchEnded('the watch ended', { lasted: 2000, lived: true, relist: false, ...given });

/** The state of a phase; a server that is asked for pages is one without streaming lists. */
export function stateOf(name: PhaseName, history: Partial<History> = {}): State<never> {
  const phase = PHASES[name];
  return { phase, history: { ...START.history, streamingLists: phase.name !== 'paging', ...history } };
}

/** `listing ''`, `paging 7 token`, `watching 9`, as the table says it. */
export function shown({ state: { phase }, delay, event, rereadCredentials }: Recovery<never>): string {
  const place =
    phase.name === 'watching'
      ? `watching ${phase.version}`
      : phase.name === 'listing'
        ? `listing ${phase.from || "''"}`
        : `${phase.paged ? 'paging' : 'whole list'} ${phase.from || "''"}${phase.next && ` ${phase.next}`}`;
  const pause = typeof delay === 'string' ? delay : `backoff ${delay.leastMs}`;
  const said = event === undefined ? 'nothing' : event.type === 'lost' ? 'lost' : `failure ${event.reason}`;
  return [place, pause, said, ...(rereadCredentials ? ['reread'] : [])].join(', ');
}

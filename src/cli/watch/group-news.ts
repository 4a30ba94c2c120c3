import type { GroupStatus } from '../../client/group-events.ts';
import { visible } from '../../visible.ts';
import type { Change } from '../../watcher/membership/membership.ts';
import type { Member } from '../../watcher/protocol.ts';
import type { ViewStanding } from '../sidecars/standing.ts';

/** An event of a group, in the form for a pipe. */
export type GroupNews =
  | ({ type: 'change'; revision: number; stale: boolean } & Change)
  | { type: 'status'; status: GroupStatus }
  | { type: 'own'; own: ViewStanding }
  /** The application of a pod waits for something, or, with null, may start after it waited. */
  | { type: 'gate'; waiting: string | null };

const MAY_START = 'the application may start';

/** Returns what happened as lines of text, one a member. */
export function plainLines(told: GroupNews, date: Date): string {
  const at = date.toISOString();
  const line = (...words: string[]) => `${[at, ...words].map(visible).join('  ')}\n`;
  switch (told.type) {
    case 'status': {
      const { stale, reason, message } = told.status;
      return line(stale ? 'stale' : 'fresh', reason ?? '', message ?? '').replace(/ +\n$/, '\n');
    }
    case 'own':
      return line('sidecar', told.own.state, told.own.why);
    case 'gate':
      return line('gate', told.waiting === null ? 'open' : 'closed', told.waiting ?? MAY_START);
    case 'change': {
      const { left, joined, changed, revision } = told;
      const of = (word: string, members: readonly Member[]) =>
        members.map((member) => line(word, ...wordsOf(member), `revision ${revision}`)).join('');
      return of('left', left) + of('joined', joined) + of('changed', changed);
    }
  }
}

function wordsOf({ name, ready, terminating, zone, node }: Member): string[] {
  const state = terminating ? 'leaving' : ready ? 'ready' : 'not-ready';
  return [name, state, `zone ${zone ?? '-'}`, `node ${node ?? '-'}`];
}

/** Returns what happened as one line of JSON. */
export function jsonLine(told: GroupNews, date: Date): string {
  const at = date.toISOString();
  if (told.type === 'status') {
    const { stale, reason, message } = told.status;
    return lineOf({ type: 'status', at, stale, reason, message });
  }
  if (told.type === 'own') return lineOf({ type: 'sidecar', at, ...told.own });
  if (told.type === 'gate')
    return lineOf({ type: 'gate', at, open: told.waiting === null, waiting: told.waiting });
  const { left, joined, changed, revision, stale } = told;
  return lineOf({ type: 'change', at, revision, stale, left, joined, changed });
}

/** Returns JSON in which what a terminal acts upon is escaped. */
function lineOf(value: object): string {
  return `${visible(JSON.stringify(value))}\n`;
}

import type { Delta, Member, Status } from '../protocol.ts';
import type { Output, View } from './output.ts';

/** The most names that a line of the log has of one kind. */
const NAMES = 10;

/** Tells the log of every change of the membership, for whoever wants to understand what the sidecar does. */
export class LoggedChanges implements Output {
  #debug: (message: string, fields: Record<string, unknown>) => void;

  constructor(debug: (message: string, fields: Record<string, unknown>) => void) {
    this.#debug = debug;
  }

  synced(view: View): void {
    this.#debug('group known', { revision: view.revision, members: view.members.size });
  }

  changed({ revision, left, joined, changed }: Delta): void {
    this.#debug('membership changed', {
      revision,
      left: namesOf(left),
      joined: namesOf(joined),
      changed: namesOf(changed),
    });
  }

  status({ stale, reason, message }: Status): void {
    this.#debug('status changed', { stale, reason, message });
  }
}

/** Returns some names, and how many more there are. */
function namesOf(members: readonly Member[]): string[] {
  const named = members.slice(0, NAMES).map(({ name }) => name);
  return members.length > NAMES ? [...named, `and ${members.length - NAMES} more`] : named;
}

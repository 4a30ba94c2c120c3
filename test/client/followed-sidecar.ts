/** A client of the scripted sidecar, three members that it may be told of, and what it tells in short. */
import type { TestContext } from 'node:test';
import {
  type ConnectOptions,
  connect,
  type Disconnection,
  type GroupChange,
  type GroupStatus,
  type LiveGroup,
} from '../../src/client/client.ts';
import { FakeClock } from '../support/fake-clock.ts';
import type { ScriptedSidecar } from '../watcher/scripted-sidecar.ts';
import { member } from '../watcher/scripted-source.ts';

export const [a, b, c] = [member('a'), member('b'), member('c')];

/** A client of the scripted sidecar, with all that it tells. */
export function follow(t: TestContext, sidecar: ScriptedSidecar, options: ConnectOptions = {}) {
  const clock = new FakeClock();
  const group = connect(sidecar.path, { clock, ...options });
  t.after(() => group.close());
  const changes: GroupChange[] = [];
  const statuses: GroupStatus[] = [];
  const disconnections: Disconnection[] = [];
  group.on('change', (change) => changes.push(change));
  group.on('status', (status) => statuses.push(status));
  group.on('disconnect', (disconnection) => disconnections.push(disconnection));
  return { clock, group, changes, statuses, disconnections };
}

export const uids = (group: LiveGroup) => [...group.members.keys()].sort().join(' ');

/** Returns an item or an event in short. */
export function brief({ left, joined, changed, stale, reason }: GroupChange): string {
  const parts = [
    ...left.map(({ uid }) => `-${uid}`),
    ...joined.map(({ uid }) => `+${uid}`),
    ...changed.map(({ uid }) => `~${uid}`),
  ];
  return [...parts, ...(stale ? [`stale:${reason}`] : [])].join(' ');
}

export async function item(changes: AsyncIterator<GroupChange, undefined>): Promise<string> {
  const next = await changes.next();
  return next.done ? 'done' : brief(next.value);
}

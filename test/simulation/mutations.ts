import type { WriteFile } from '../../src/watcher/outputs/atomic-write.ts';
import type { SourceEvent } from '../../src/watcher/source.ts';
import {
  givesUp,
  keepsUnlisted,
  lastSliceOnly,
  throwsAfter,
  tickedFromOutside,
  uidByName,
  withoutUnresolved,
} from './broken-source.ts';
import {
  behind,
  cutLines,
  departuresApart,
  restartsAsChanges,
  rewritten,
  withoutSomebody,
} from './broken-stream.ts';
import {
  forgottenSlice,
  lastCounts,
  leavesAll,
  missedChanges,
  missedDepartures,
  staleIndex,
  unannounced,
} from './broken-union.ts';
import {
  emptyInsteadOfError,
  firstPageOnly,
  listEndsAtOnce,
  neverSilent,
  oneNameForAnother,
  relistsFromCache,
  senselessSkipped,
  versionFromAnyBytes,
  versionFromLastItem,
  versionWithoutBookmarks,
  withoutRetryAfter,
} from './broken-upstream.ts';
import { events, exchanges, pieces, slowed, ticks } from './rewiring.ts';
import type { Rule } from './rules.ts';
import type { Kind } from './scenario.ts';
import type { Breakage } from './upstream.ts';

/** A sidecar that is wrong in one way, and the rule that has to notice. */
export interface Mutation {
  name: string;
  noticedBy: Rule;
  /** Over which kind of upstream; as the seed says, when it does not matter. */
  kind?: Kind;
  breakage: Breakage;
}

const EMPTY: SourceEvent = { type: 'replace', parts: new Map() };

/** Each of these is one wrong line somewhere between the API and a reader. */
export const MUTATIONS: readonly Mutation[] = [
  // How it lists and watches.
  upstream('its version moves past what was not applied', 'truth', versionFromAnyBytes),
  upstream('its version is that of the last item of a list', 'backwards', versionFromLastItem),
  upstream('its version is not moved by bookmarks', 'version', versionWithoutBookmarks),
  upstream('it relists from any cache', 'backwards', relistsFromCache),
  upstream('it takes an error for an empty list', 'evidence', (api) =>
    exchanges(api, { response: emptyInsteadOfError }),
  ),
  upstream('it takes the first page for the whole list', 'truth', (api) =>
    exchanges(api, { response: firstPageOnly }),
  ),
  upstream('it takes a streaming list that has begun for a whole one', 'truth', (api) =>
    exchanges(api, { response: listEndsAtOnce }),
  ),
  upstream('it skips lines that make no sense', 'truth', (api) =>
    exchanges(api, { response: senselessSkipped }),
  ),
  upstream('it does not notice silence', 'watchdog', (api, clock) =>
    exchanges(api, { response: (answer, url) => neverSilent(answer, url, clock) }),
  ),
  upstream('it does not wait as long as the server asks', 'retry-after', (api) =>
    exchanges(api, { response: withoutRetryAfter }),
  ),
  upstream('it never reads its token again', 'converged', (api) => ({
    get: (path) => api.get(path),
    unauthorized() {},
  })),
  {
    name: 'its clock runs at a third of the speed, so its safety relist comes too late',
    noticedBy: 'relist',
    breakage: { clock: (clock) => slowed(clock, 3) },
  },
  // What it makes of what it reads.
  source('it forgets deletions', 'lag', (said) => (said.type === 'delete' ? [] : [said])),
  source('a failure empties the group', 'evidence', (said) =>
    said.type === 'failure' ? [EMPTY, said] : [said],
  ),
  source('one slice replaces the others', 'evidence', lastSliceOnly),
  source('it never says that it is stale', 'stale', (said) =>
    said.type === 'failure' || said.type === 'lost' ? [] : [said],
  ),
  source('any byte of an answer makes it fresh', 'stale', (said) =>
    said.type === 'evidence' ? [said, { type: 'fresh' }] : [said],
  ),
  source('it stays stale', 'stale', (said) =>
    said.type === 'fresh' ? [said, { type: 'failure', reason: 'disconnected', message: 'still' }] : [said],
  ),
  source('every failure is a 403', 'reason', (said) =>
    said.type === 'failure' ? [{ ...said, reason: 'forbidden' }] : [said],
  ),
  source('it counts its own ticks as evidence', 'age', (said) =>
    said.type === 'tick' ? [{ type: 'evidence' }] : [said],
  ),
  {
    name: 'it is synced before it knows anything',
    noticedBy: 'empty-lie',
    breakage: { source: (given) => events(given, (said) => [said], [EMPTY]) },
  },
  {
    name: 'it knows members by name, so a new uid is missed',
    noticedBy: 'truth',
    breakage: { source: uidByName },
  },
  { name: 'whoever is missing in a relist stays', noticedBy: 'truth', breakage: { source: keepsUnlisted } },
  {
    name: 'it gives up after a 403',
    noticedBy: 'retry',
    breakage: { source: (given, clock) => givesUp(given, 'forbidden', () => ticks(clock)) },
  },
  {
    name: 'its heartbeats come from a timer',
    noticedBy: 'wedge',
    breakage: { source: (given, clock) => tickedFromOutside(given, () => ticks(clock)) },
  },
  { name: 'it throws', noticedBy: 'crash', breakage: { source: throwsAfter } },
  // How it follows the changes.
  union('it looks up once in which slices somebody stands', 'truth', staleIndex),
  union('it knows one slice of those that somebody stands in', 'truth', forgottenSlice),
  union('who leaves one slice has left all of them', 'evidence', leavesAll),
  union('who stands in two slices is as the last one says', 'truth', lastCounts),
  union('who is not in a slice any more goes unseen', 'lag', missedDepartures),
  union('who has changed in a slice goes unseen', 'lag', missedChanges),
  union('who terminates and goes at once is told of as gone only', 'drain', unannounced),
  // How it polls DNS.
  dns('an error of DNS is an empty answer', 'evidence', {
    source: (given) => events(given, (said) => (said.type === 'failure' ? [EMPTY, said] : [said])),
  }),
  dns('a name that can not be resolved has left', 'evidence', {
    source: (given) => events(given, withoutUnresolved),
  }),
  dns('an error of DNS is not told', 'stale', {
    source: (given) => events(given, (said) => (said.type === 'failure' ? [] : [said])),
  }),
  dns('addresses are those of another name', 'truth', { resolver: oneNameForAnother }),
  dns('it does not keep to the TTL', 'retry-after', { clock: (clock) => slowed(clock, 0.3) }),
  dns('it stops to poll after an error', 'retry', {
    source: (given, clock) => givesUp(given, 'dns', () => ticks(clock)),
  }),
  // What it tells its readers.
  stream('it does not say hello', 'hello', (type) => (type === 'hello' ? [] : undefined)),
  stream('it tells its status before it is synced', 'before-sync', (type, line) =>
    type === 'hello' ? [line, '{"type":"status","stale":true,"since":"2026-01-01T00:00:00Z"}\n'] : undefined,
  ),
  stream('it tells a revision twice', 'revision', (type, line) =>
    type === 'delta' ? [line, line] : undefined,
  ),
  stream('it tells of changes that are none', 'duplicate', (type, line) =>
    type === 'delta'
      ? [line.replace(/"joined":\[(.*)\],"changed":\[\]/, '"joined":[$1],"changed":[$1]')]
      : undefined,
  ),
  stream('it tells each departure in a line of its own', 'window', (type, line) =>
    type === 'delta' ? departuresApart(line) : undefined,
  ),
  stream('it tells a restart as a change', 'identity', (type, line) =>
    type === 'delta' ? [restartsAsChanges(line)] : undefined,
  ),
  stream('it does not tell that another number is expected', 'expected', (type) =>
    type === 'expected' ? [] : undefined,
  ),
  stream('it has no heartbeat', 'heartbeat', (type) => (type === 'heartbeat' ? [] : undefined)),
  { name: 'it cuts long lines', noticedBy: 'framing', breakage: { pipe: cutLines } },
  { name: 'it tells later readers less', noticedBy: 'agreement', breakage: { pipe: withoutSomebody } },
  {
    name: 'a reader that is behind misses lines',
    noticedBy: 'revision',
    breakage: { pipe: (pipe) => behind(pipe, () => {}) },
  },
  {
    name: 'a reader that is behind is owed everything',
    noticedBy: 'memory',
    breakage: { pipe: (pipe) => behind(pipe, (queue, data) => queue.push(data)) },
  },
  // What it writes.
  {
    name: 'members.json is left as it is for a while',
    noticedBy: 'file',
    breakage: { write: everyTenth },
  },
  {
    name: 'a reader that takes nothing stays for ever',
    noticedBy: 'stuck',
    breakage: { pipe: (pipe) => ({ ...pieces(pipe, (data) => pipe.write(data)), destroy() {} }) },
  },
];

function upstream(name: string, noticedBy: Rule, transport: Breakage['transport'] & object): Mutation {
  return { name, noticedBy, breakage: { transport } };
}

function union(name: string, noticedBy: Rule, broken: Breakage['union'] & object): Mutation {
  return { name, noticedBy, kind: 'endpointslices', breakage: { union: broken } };
}

function dns(name: string, noticedBy: Rule, breakage: Breakage): Mutation {
  return { name, noticedBy, kind: 'dns', breakage };
}

function source(name: string, noticedBy: Rule, each: (said: SourceEvent) => Iterable<SourceEvent>): Mutation {
  return { name, noticedBy, breakage: { source: (given) => events(given, each) } };
}

/** Most writes come to nothing. */
function everyTenth(write: WriteFile): WriteFile {
  let writes = 0;
  return async (path, text) => {
    writes += 1;
    if (writes % 10 === 1) await write(path, text);
  };
}

/** Lines are left as they are where `each` says nothing. */
function stream(
  name: string,
  noticedBy: Rule,
  each: (type: string, line: string) => readonly string[] | undefined,
): Mutation {
  return { name, noticedBy, breakage: { pipe: (pipe) => rewritten(pipe, each) } };
}

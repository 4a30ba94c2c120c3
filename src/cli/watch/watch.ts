import { SOCKET_PATH, UnsupportedProtocol } from '../../client/client.ts';
import type { GroupChange } from '../../client/group-events.ts';
import { connect } from '../cluster/cluster.ts';
import { adviceFor, Unreachable } from '../cluster/request.ts';
import { commands } from '../commands.ts';
import { type Arguments, parseFlags } from '../flags.ts';
import { EXIT, type Io, tell } from '../io.ts';
import type { ViewStanding } from '../sidecars/standing.ts';
import { unasked } from '../sidecars/standing.ts';
import { Truths } from '../sidecars/truths.ts';
import { type GroupNews, jsonLine, plainLines } from './group-news.ts';
import { followPod, followService, followSocket, type WatchedGroup } from './groups.ts';
import { watchedOf } from './operand.ts';
import { followOwnView } from './own-view.ts';
import { screenOf, TerminalTable } from './terminal-table.ts';

type Given = Arguments<typeof commands.watch>;

/** The display of what happens: a table on a terminal, or lines. */
export interface Display {
  tell(told: GroupNews): void;
  close(): void;
}

/** The command `rollcall watch`. It ends when its group can't be followed any more, or by the signal. */
export async function watch(argv: readonly string[], io: Io): Promise<number> {
  const given = parseFlags('watch', commands.watch, argv);
  const stop = new AbortController();
  const signal = io.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, io.signal]);
  try {
    const { followed, ask } = await follow(given, io, signal);
    const display = displayOf(given, io, followed);
    await show(followed, display, ask, signal).finally(() => display.close());
    return EXIT.fine;
  } catch (error) {
    if (io.signal?.aborted) return EXIT.fine;
    if (!(error instanceof Unreachable || error instanceof UnsupportedProtocol)) throw error;
    tell(io, `rollcall: ${error.message}${adviceFor(error)}`);
    return EXIT.refused;
  } finally {
    stop.abort();
  }
}

type Ask = (truths: Truths, tell: (own: ViewStanding) => void) => void;

async function follow(
  { flags, operand }: Given,
  io: Io,
  signal: AbortSignal,
): Promise<{ followed: WatchedGroup; ask?: Ask }> {
  const watched = watchedOf(operand, SOCKET_PATH);
  if (watched.kind === 'socket') return { followed: followSocket(watched.path, signal) };
  const cluster = await connect(flags, io);
  const namespace = flags.namespace ?? cluster.namespace;
  if (watched.kind === 'service') {
    return { followed: await followService(cluster, namespace, watched.name, signal) };
  }
  const followed = await followPod(cluster, namespace, watched.name, signal);
  const { own } = followed;
  const ask: Ask = (truths, tell) => {
    if (own === undefined) return;
    if ('why' in own) tell(unasked(own.why));
    // Its promise is never rejected: a question that fails is told as `unasked`.
    else void followOwnView(cluster, own, truths, tell, signal);
  };
  return { followed, ask };
}

async function show(
  { group }: WatchedGroup,
  display: Display,
  ask: Ask | undefined,
  signal: AbortSignal,
): Promise<void> {
  const truths = new Truths();
  const tellStatus = news<GroupNews>((told) => display.tell(told));
  const tellOwn = news<GroupNews>((told) => display.tell(told));
  group.on('status', (status) =>
    tellStatus(`${status.reason} ${status.message}`, { type: 'status', status }),
  );
  // While there is no connection, `reason` stays and only the message is news.
  group.on('disconnect', ({ message }) => {
    tellStatus(`unconnected ${message}`, {
      type: 'status',
      status: { ...group.status, stale: true, reason: 'unconnected', message },
    });
  });
  const tellGate = gateNews((told) => display.tell(told));
  const begin = () =>
    ask?.(truths, (own) => {
      tellOwn(`${own.state} ${own.why}`, { type: 'own', own });
      tellGate(own.waiting);
    });
  let begun = false;
  for await (const change of group) {
    if (signal.aborted) return;
    truths.note(change.members.values(), performance.now());
    display.tell(toldOf(change));
    if (!begun) begin();
    begun = true;
  }
}

/** Returns what tells something on, unless it says the same as the last time. */
function news<T>(tell: (told: T) => void): (text: string, told: T) => void {
  let last: string | undefined;
  return (text, told) => {
    if (text !== last) tell(told);
    last = text;
  };
}

/** Returns what tells what an application waits for, whenever that changes. A gate that was never seen closed is no news. */
function gateNews(tell: (told: GroupNews) => void): (waiting: string | null | undefined) => void {
  let last: string | null = null;
  return (waiting) => {
    if (waiting === undefined || waiting === last) return;
    last = waiting;
    tell({ type: 'gate', waiting });
  };
}

function toldOf({ left, joined, changed, revision, stale }: GroupChange): GroupNews {
  return { type: 'change', left, joined, changed, revision, stale };
}

function displayOf({ flags }: Given, io: Io, followed: WatchedGroup): Display {
  if (flags.output === 'json') return lines(io, jsonLine);
  if (flags.output === 'text' || !io.stdout.isTTY) return lines(io, plainLines);
  return new TerminalTable(io.stdout, followed, () => screenOf(io));
}

function lines(io: Io, format: (told: GroupNews, date: Date) => string): Display {
  return {
    tell(told) {
      const text = format(told, new Date());
      if (text !== '') io.stdout.write(text);
    },
    close() {},
  };
}

import { isIPv4, isIPv6 } from 'node:net';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Delta, Member } from '../protocol.ts';
import type { OutputListener } from './command-output.ts';
import { isGroupThere, MARK, orphans, signalAll } from './orphans.ts';
import type { Output, OutputMetric, View } from './output.ts';
import { OUTPUT_METRICS } from './output-metrics.ts';
import { ReconcileLoop } from './reconcile-loop.ts';
import { type Ending, KILL_AFTER_MS, type Run, run } from './run-command.ts';

/**
 * The default time limit of a command: joining a database cluster takes seconds, and after a minute a script
 * is stuck.
 */
const TIMEOUT_MS = 60_000;

export type HookName = 'on-start' | 'on-change';

/** The ways to name a member to a hook, in peer-finder's words. */
export type AddressType = 'DNS' | 'IP' | 'IPv4' | 'IPv6';

export interface HookOptions {
  /** The command of the start, in words from `parseCommand`. Without it, the other runs then too. */
  onStart?: readonly string[] | undefined;
  onChange?: readonly string[] | undefined;
  /** The time limit of a command; Infinity for none. */
  timeoutMs?: number | undefined;
  /**
   * Returns the line for a member, or its lines; undefined leaves it out. The default is `peerName('DNS')`.
   */
  peer?: ((member: Member) => string | readonly string[] | undefined) | undefined;
  /** Whether hooks wait until this pod is among the members, as with peer-finder. */
  needsSelf?: boolean | undefined;
  /** Returns the environment of a run that is about to begin; the default is that of this process. */
  environment?: ((view: View) => NodeJS.ProcessEnv) | undefined;
  /**
   * The place that a command writes to: the log, line by line, which is the default, or where this process
   * writes.
   */
  output?: 'log' | 'inherit' | undefined;
}

/**
 * Returns a function that names a member: by its DNS name, or its address where it has none; or by its
 * primary address, its first IPv4 or its first IPv6 one, and not at all where it has none.
 */
export function peerName(type: AddressType): (member: Member) => string | undefined {
  switch (type) {
    case 'DNS':
      return ({ hostname, addresses, name }) => hostname ?? addresses[0] ?? name;
    case 'IP':
      return ({ addresses }) => addresses[0];
    case 'IPv4':
      return ({ addresses }) => addresses.find(isIPv4);
    case 'IPv6':
      return ({ addresses }) => addresses.find(isIPv6);
  }
}

interface Due {
  hook: HookName;
  command: readonly string[];
  peers: string;
}

/**
 * The output that runs commands when the list of peers changes, with the peers on stdin: sorted, each once, a
 * newline after each, then the end. Commands written for peer-finder run as they are.
 *
 * - The first list is for the start command, every later one for the change command. Who is ready does
 *   not matter: only the list does, and the membership itself loses nobody without evidence.
 * - An empty list runs nothing: to a script that joins its peers, no peers would mean a new cluster.
 * - One command at a time. What changes while it runs is told by the next run, once, if it still
 *   differs then.
 * - A command that fails (status other than 0, a signal, the timeout, not to be started) is run again
 *   with backoff and the peers of then. Until the start command has succeeded, no other runs.
 * - A command that takes longer than the timeout (60 s by default) is ended with its process group:
 *   SIGTERM, and SIGKILL 5 s later.
 * - What it writes goes into the log line by line, unless it is to inherit the output; of more than 256 KiB a
 *   minute the rest is dropped. How it ended is logged in any case.
 * - What a command leaves running when it ends is not disturbed, and is told to stop with the rest.
 */
export class Hooks implements Output {
  readonly metrics: readonly OutputMetric[] = [
    { ...OUTPUT_METRICS.hookRuns, read: () => this.runs },
    { ...OUTPUT_METRICS.hookFailures, read: () => this.failures },
    { ...OUTPUT_METRICS.hookTimeouts, read: () => this.timeouts },
  ];
  #options: HookOptions;
  #clock: Clock;
  #log: Log;
  #loop: ReconcileLoop;
  #view: View | undefined;
  #running: Run | undefined;
  #started = Promise.withResolvers<void>();
  #hasStarted = false;
  /** The input of the last run that succeeded; undefined after a failure, which may have done a part. */
  #applied: string | undefined;
  #waitsForSelf = false;
  /** The mark in the environment of the commands, by which all that they start is known afterwards. */
  #mark: string = process.getBuiltinModule('node:crypto').randomUUID();
  #groups = new Set<number>();
  runs = 0;
  failures = 0;
  timeouts = 0;
  /** The hook whose last run failed, until a run succeeds. */
  failing: HookName | undefined;
  /** The exit status of the last run, or 128 and the number of its signal, or 127 when it was not started. */
  lastStatus: number | undefined;

  constructor(options: HookOptions, clock: Clock, log: Log) {
    this.#options = options;
    this.#clock = clock;
    this.#log = log;
    const failed = (error: Error, pauseMs: number) => this.#failed(error, pauseMs);
    this.#loop = new ReconcileLoop(() => this.#work(), failed, clock);
  }

  /** Resolves when the first command has succeeded. */
  get started(): Promise<void> {
    return this.#started.promise;
  }

  get running(): boolean {
    return this.#running !== undefined;
  }

  synced(view: View): void {
    this.#view = view;
    this.#loop.request();
  }

  /** Asks for a run when the list of peers may be another: who is ready does not matter. */
  changed(delta: Delta, _view: View, was: readonly Member[]): void {
    const { peer = peerName('DNS') } = this.#options;
    const shown = (member: Member) => JSON.stringify([member.self, peer(member)]);
    const changes = (member: Member, index: number) => shown(member) !== shown(was[index]!);
    if (delta.left.length + delta.joined.length > 0 || delta.changed.some(changes)) this.#loop.request();
  }

  /** Ends the hooks: resolves when a command that still ran, and what others left running, has ended. */
  async close(): Promise<void> {
    this.#loop.close();
    this.#running?.kill();
    const deadline = this.#clock.now() + KILL_AFTER_MS;
    signalAll(this.#left(), 'SIGTERM');
    // The run itself tells and counts how its command ended.
    await this.#running?.ended.catch(() => {});
    await this.#leftEnded(deadline);
    signalAll(this.#left(), 'SIGKILL');
  }

  /**
   * Ends the hooks and hands the signal to a command that still runs and to what others left running;
   * resolves when all of them have ended, however long that takes, with the status of the command.
   * Undefined when there was none.
   */
  async stop(signal: NodeJS.Signals): Promise<number | undefined> {
    this.#loop.close();
    this.#running?.signal(signal);
    signalAll(this.#left(), signal);
    // A command that could not be started has no status. The run itself tells and counts that.
    const ending = await this.#running?.ended.catch(() => undefined);
    await this.#leftEnded(Number.POSITIVE_INFINITY);
    return ending?.status;
  }

  /**
   * Returns the processes that a command has left when it ended. A command that still runs, and its group,
   * are not among them.
   */
  #left(): number[] {
    return orphans(this.#mark, this.#groups, this.#running?.group);
  }

  async #leftEnded(deadline: number): Promise<void> {
    while (this.#left().length > 0 && this.#clock.now() < deadline) {
      await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, LOOK_AGAIN_MS));
    }
  }

  async #work(): Promise<void> {
    const due = this.#due();
    if (due === undefined || this.#view === undefined) return;
    const { hook, command, peers } = due;
    this.runs += 1;
    this.#applied = undefined;
    const startedAt = this.#clock.now();
    const ending = await this.#run(due, this.#view);
    this.lastStatus = ending.status;
    if (ending.status !== 0 || ending.timedOut) throw new Failed(hook, ending);
    this.#applied = peers;
    this.failing = undefined;
    this.#hasStarted = true;
    this.#started.resolve();
    this.#log.info('hook done', {
      hook,
      command: command[0],
      peers: count(peers),
      // The clock has fractions of a millisecond, which would be written with 17 digits.
      seconds: Math.round(this.#clock.now() - startedAt) / 1000,
    });
    // A change that came meanwhile has asked for the next run already.
  }

  /** Returns the command that is to run, with its peers; undefined when there is nothing to tell. */
  #due(): Due | undefined {
    const { onStart, onChange, needsSelf, peer = peerName('DNS') } = this.#options;
    const hook = this.#hasStarted || onStart === undefined ? 'on-change' : 'on-start';
    const command = hook === 'on-start' ? onStart : onChange;
    if (command === undefined || this.#view === undefined) return undefined;
    const members = [...this.#view.members.values()];
    const waits = needsSelf === true && !members.some(({ self }) => self);
    this.#noteWaiting(waits, members.length);
    const names = members.flatMap((member) => peer(member) ?? []);
    const peers = [...new Set(names)].sort().map((name) => `${name}\n`);
    const list = peers.join('');
    return waits || list === '' || list === this.#applied ? undefined : { hook, command, peers: list };
  }

  async #run({ hook, command, peers }: Due, view: View): Promise<Ending> {
    const { timeoutMs = TIMEOUT_MS, environment, output = 'log' } = this.#options;
    const logged: OutputListener = {
      line: (stream, line) => this.#log.info('hook output', { hook, stream, line }),
      dropped: () =>
        this.#log.warn('hook output is too much to be logged, it is dropped for a minute', { hook }),
    };
    try {
      this.#running = run(command, {
        stdin: peers,
        timeoutMs,
        clock: this.#clock,
        environment: { ...(environment?.(view) ?? process.env), [MARK]: this.#mark },
        output: output === 'log' ? logged : undefined,
      });
      this.#remember(this.#running.group);
      return await this.#running.ended;
    } catch (error) {
      return { status: NOT_STARTED, timedOut: false, lastError: notStarted(command, error as Error) };
    } finally {
      this.#running = undefined;
      this.#remember(undefined);
    }
  }

  /** Keeps the groups in which something still runs. */
  #remember(group: number | undefined): void {
    const before = [...this.#groups].filter(isGroupThere);
    this.#groups = new Set(group === undefined ? before : [...before, group]);
  }

  #failed(error: Error, pauseMs: number): void {
    this.failures += 1;
    const { hook, ending } = error instanceof Failed ? error : {};
    this.failing = hook;
    if (ending?.timedOut) this.timeouts += 1;
    this.#log.error('hook failed, it runs again', {
      hook,
      status: ending?.status,
      timedOut: ending?.timedOut,
      lastError: ending?.lastError ?? error.message,
      againInSeconds: Math.round(pauseMs) / 1000,
    });
  }

  /** Logs, once, that hooks wait for this pod: a hook that never runs needs a reason. */
  #noteWaiting(waits: boolean, members: number): void {
    if (waits && !this.#waitsForSelf)
      this.#log.info('hooks wait until this pod is among the members', { members });
    this.#waitsForSelf = waits;
  }
}

/** The exit status of a command that could not be started, as shells have it. */
const NOT_STARTED = 127;
/** The pause between two looks at the processes of the container. A look takes under a millisecond. */
const LOOK_AGAIN_MS = 100;

class Failed extends Error {
  readonly hook: HookName;
  readonly ending: Ending;

  constructor(hook: HookName, ending: Ending) {
    super(ending.lastError);
    this.hook = hook;
    this.ending = ending;
  }
}

function notStarted([program]: readonly string[], error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT')
    return `${program} is not there, or the interpreter in its first line is not; correct the path`;
  if (code === 'EACCES') return `${program} may not be executed; give it the mode 0755`;
  if (code === 'EMFILE' || code === 'ENFILE')
    return `${program} can't be started, since no more files can be opened (${code}); raise the limit of open files`;
  if (code === 'EAGAIN')
    return `${program} can't be started, since no more processes can (${code}); raise the limit of processes`;
  return error.message;
}

function count(peers: string): number {
  return peers.split('\n').length - 1;
}

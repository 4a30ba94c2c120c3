import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { type Clock, orTimer, systemClock } from '../watcher/clock.ts';
import { TELL } from '../watcher/contract.ts';
import { bindSocket } from '../watcher/outputs/bind-socket.ts';
import type { Output, View } from '../watcher/outputs/output.ts';
import type { OneGate } from './gates.ts';
import { HealthConnections } from './health-connections.ts';

/** The temporary name of the socket. It is as long as the name itself, so that it fits where that fits. */
const TEMPORARY_NAME = '.health.tmp';

/** The number of heartbeats that may be missing before the watch loop counts as wedged. */
const MISSED_HEARTBEATS = 3;

/**
 * The longest that an answer to a kubelet is held until the application may start: it writes an
 * Event for each refusal, and after 25 of them for no more, not even that the time to wait is over.
 */
export const HOLD_MS = 20_000;

/** The time in which a probe can hear that the application has just been let start without what it waited for. */
const JUST_OPENED_MS = 1000;

/** The state of one group that the answers are made from. */
export interface GroupHealth {
  /** The name of the group; the first has none. */
  name?: string | undefined;
  watch: View;
  outputs?: readonly Output[];
}

/** The state that the answers are made from. */
export interface Health {
  groups: readonly GroupHealth[];
  /** The gates of all groups. */
  gate: OneGate;
  /** Returns all metrics in the format that the Accept header of a scrape asks for. */
  metrics(accept: string | undefined): { contentType: string; text: string };
}

/**
 * Serves `/startz` (the application may start), `/readyz` (the group is known), `/healthz` (the watch loop is
 * alive) and `/metrics` over HTTP, at a port or at the path of a socket.
 */
export async function serveHealth(
  place: number | string,
  { groups, gate, metrics }: Health,
  { holdMs = HOLD_MS, clock = systemClock }: { holdMs?: number; clock?: Clock } = {},
): Promise<{ server: Server; port: number | undefined }> {
  // Imported as a module, node:http brings Node's whole fetch along: 6 MB of memory.
  const server = process.getBuiltinModule('node:http').createServer((request, response) => {
    if (!connections.asked(response)) return;
    const [path, query] = request.url?.split('?') ?? [];
    const kubelet = isKubelet(request.headers['user-agent']);
    if (path === '/startz' && !gate.open && kubelet) {
      const until = Promise.race([gate.opened, connections.hold(response)]);
      return void orTimer(until, clock, holdMs).then(() => answerStart(response, kubelet));
    }
    switch (path) {
      case '/startz':
        return answerStart(response, kubelet, query === TELL);
      case '/readyz':
        return answer(
          response,
          groups.every(({ watch }) => watch.synced),
          saying(),
        );
      case '/healthz':
        return answer(
          response,
          groups.every(({ watch }) => isAlive(watch)),
          saying(),
        );
      case '/metrics': {
        const { contentType, text } = metrics(request.headers.accept);
        response.setHeader('content-type', contentType);
        return void response.end(text);
      }
      default:
        response.statusCode = 404;
        return void response.end('not found; there are /startz, /readyz, /healthz and /metrics\n');
    }
  });
  const connections = new HealthConnections(server, clock);
  const saying = (more: object = {}) => ({ ...statesOf(groups), failing: failingOf(groups), ...more });
  let told = false;
  const answerStart = (response: ServerResponse, kubelet: boolean, tells = false) => {
    if (kubelet && gate.open && gate.notice !== undefined) return tell(response, gate.notice);
    const news = tells && !told && gate.notice !== undefined && gate.openedWithin(JUST_OPENED_MS);
    // A kubelet probes up to three times in that second, and each refusal is an Event of the pod.
    if (news) response.once('finish', () => (told = true));
    answer(response, gate.open, saying(kubelet ? {} : startState(gate, news)));
  };
  // A connection that can't be accepted, as where no file descriptor is left, is asked for again by whoever asks. Without
  // a listener its error would end the process.
  server.on('error', () => {});
  if (typeof place === 'string') {
    await bindSocket(server, place, join(dirname(place), TEMPORARY_NAME));
    return { server, port: undefined };
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(place, resolve);
  });
  return { server, port: (server.address() as AddressInfo).port };
}

function isKubelet(userAgent: string | undefined): boolean {
  return userAgent?.startsWith('kube-probe/') === true;
}

/**
 * Answers a kubelet with a notice. A kubelet takes a redirect to another host for a success, follows it no
 * further, and writes the body into an Event of the pod: so the pod shows what the application was started
 * without. No right is needed for it.
 */
function tell(response: ServerResponse, notice: string): void {
  response.writeHead(302, { location: 'http://rollcall.invalid/', 'content-type': 'text/plain' });
  response.end(notice);
}

function isAlive(watch: View): boolean {
  return watch.pulseAgeSeconds() < MISSED_HEARTBEATS * watch.heartbeatSeconds;
}

/** Returns what is waited for, or what the application is started without, and whether the probe is to tell that. */
function startState({ waiting, notice }: OneGate, news: boolean): object {
  return { waiting, notice, news: news ? true : undefined };
}

/** Returns the state of the first group, and those of the groups under a name beside it. */
function statesOf(groups: readonly GroupHealth[]): object {
  const [first] = groups.filter(({ name }) => name === undefined);
  const named = groups.flatMap(({ name, watch }) => (name === undefined ? [] : [[name, stateOf(watch)]]));
  return {
    ...(first === undefined ? {} : stateOf(first.watch)),
    ...(named.length === 0 ? {} : { groups: Object.fromEntries(named) }),
  };
}

function stateOf({ synced, stale, reason, message, revision, members }: View): object {
  return { synced, stale, reason, message, revision, members: members.size };
}

/**
 * Returns the settings that do not work at the moment. They change no answer from yes to no: the application
 * would be the worse for it. No more than their names is told, since anybody may ask.
 */
function failingOf(groups: readonly GroupHealth[]): string[] | undefined {
  const failing = new Set(
    groups.flatMap(({ outputs = [] }) => outputs.flatMap((output) => output.failing ?? [])),
  );
  return failing.size === 0 ? undefined : [...failing];
}

function answer(response: ServerResponse, ok: boolean, state: object): void {
  response.statusCode = ok ? 200 : 503;
  response.setHeader('content-type', 'application/json');
  response.end(`${JSON.stringify({ ok, ...state })}\n`);
}

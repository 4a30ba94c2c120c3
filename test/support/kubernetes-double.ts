/** The Kubernetes API of `rollcall/testing`, over plain HTTP by default, and how it misbehaves on request. */
import type { ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import type { ApiObjects } from '../../src/testing/api/objects.ts';
import { apiError } from '../../src/testing/api/paths.ts';
import { type ApiRequest, type ApiServer, answer, startApiServer } from '../../src/testing/api/server.ts';
import { expiredError, invalid, isExpired, openStream, send } from '../../src/testing/api/watches.ts';

export type DoubleRequest = ApiRequest;

export type Fault =
  /** An object is sent as JSON, text as it is; without a body a Status of that code is sent. */
  | { status: number; headers?: Record<string, string>; body?: unknown }
  /** The request is never answered. */
  | { hang: true }
  /** The connection is closed without an answer. */
  | { destroy: true };

export type FaultFunction = (request: DoubleRequest) => Fault | undefined;

export interface KubernetesDouble extends ApiObjects, Pick<ApiServer, 'url' | 'port' | 'requests'> {
  /** The number of open watches. */
  readonly watches: number;
  /** Forgets all versions before now: a watch from an older one gets 410, in the stream with `inStream`. */
  compact(options?: { inStream?: boolean }): void;
  /** Asked about every request from now on; undefined ends all faults. */
  fault(fault: FaultFunction | undefined): void;
  cutWatches(): void;
  endWatches(): void;
  sendRaw(data: string | Uint8Array): void;
  bookmark(): void;
  /** Goes away: connections are reset, the port refuses. The state stays. */
  stop(): Promise<void>;
  /** Comes back on the same port. */
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface DoubleOptions {
  /** Default true; false answers 422 to a streaming list, as a server without the WatchList feature. */
  streamingLists?: boolean;
  /** Serves HTTPS instead. */
  tls?: { key: string; cert: string };
}

const NO_STREAMING_LISTS =
  'sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled';

/** Starts one that is closed when the test has ended. */
export async function kubernetesDouble(t: TestContext, options?: DoubleOptions): Promise<KubernetesDouble> {
  const api = await startKubernetesDouble(options);
  t.after(() => api.close());
  return api;
}

export async function startKubernetesDouble(options: DoubleOptions = {}): Promise<KubernetesDouble> {
  const { streamingLists = true, ...others } = options;
  let fault: FaultFunction | undefined;
  let expireInStream = false;

  const server = await startApiServer({
    ...others,
    intercept(request, response) {
      const injected = fault?.(request);
      if (injected) misbehave(injected, response);
      return injected !== undefined || (request.watch && withheld(request, response));
    },
  });
  const { store, watches } = server;

  function withheld({ query }: DoubleRequest, response: ServerResponse): boolean {
    const streams = ['sendInitialEvents', 'resourceVersionMatch'].some((name) => query.has(name));
    if (streams && !streamingLists) throw invalid(NO_STREAMING_LISTS);
    if (!expireInStream || !isExpired(store, query)) return false;
    // The watch cache tells it inside a stream that began with 200.
    openStream(response);
    send(response, 'ERROR', expiredError(Number(query.get('resourceVersion')), store.oldest()).status());
    response.end();
    return true;
  }

  return {
    ...server,
    get watches() {
      return watches.all.size;
    },
    compact({ inStream = false } = {}) {
      expireInStream = inStream;
      store.compact();
    },
    fault(next) {
      fault = next;
    },
    cutWatches: watches.cut,
    endWatches() {
      for (const watch of watches.all) watches.end(watch);
    },
    sendRaw(data) {
      for (const watch of watches.all) watch.response.write(data);
    },
    bookmark() {
      for (const watch of watches.all) watches.bookmark(watch);
    },
    close: server.stop,
  };
}

function misbehave(fault: Fault, response: ServerResponse): void {
  if ('hang' in fault) return;
  if ('destroy' in fault) return void response.socket?.destroy();
  answer(response, fault.status, fault.body ?? apiError(fault.status).status(), fault.headers);
}

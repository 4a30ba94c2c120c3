/** A cluster for the dashboard: the API double with a namespace, a group, and sidecars that answer what a test says. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { runCommand } from '../../../src/cli/run.ts';
import { digestOf } from '../../../src/watcher/membership/digest.ts';
import { endpointSlice, podEndpoint, slicePath } from '../../support/endpoint-slices.ts';
import { eventually } from '../../support/eventually.ts';
import { type KubernetesDouble, kubernetesDouble } from '../../support/kubernetes-double.ts';
import { kubeconfig } from '../answering-api.ts';
import { folder } from '../run.ts';

const PODS = '/api/v1/namespaces/shop/pods';

/** The credentials in the kubeconfig, which are for the API server alone. */
export const TOKEN_OF_THE_USER = 'the-token-of-the-user';

/** The members that the sidecar of a pod sees, and its staleness. */
export interface View {
  sees: readonly string[];
  stale?: string;
  revision?: number;
  /** The sentence that says what the application waits for. */
  waiting?: string;
}

export interface Shop {
  api: KubernetesDouble;
  url: string;
  /** The answers of sidecars by the names of their pods; other pods give 502. */
  views: Map<string, View>;
  /** Makes these the members of service/db. */
  members(...names: string[]): void;
  remove(name: string): void;
  add(name: string, more?: object): void;
  /** All that the command has printed. */
  printed(): string;
  end(): Promise<number>;
}

const uidOf = (name: string) => `uid-${name}`;

const slice = (names: readonly string[]) =>
  endpointSlice({
    namespace: 'shop',
    service: 'db',
    name: 'db-a',
    endpoints: names.map((name, index) =>
      podEndpoint({
        name,
        uid: uidOf(name),
        ip: `10.0.${Math.floor(index / 250)}.${(index % 250) + 1}`,
        zone: 'zone-a',
        node: 'node-1',
      }),
    ),
  });

const containers = [{ name: 'app', image: 'app:1' }];
const sidecar = {
  name: 'rollcall',
  args: ['sidecar'],
  env: [{ name: 'ROLLCALL_SERVICE', value: 'db' }],
  restartPolicy: 'Always',
};

/** Starts the double and the command, with these pods in the group. */
export async function shop(t: TestContext, names: readonly string[], argv: string[] = []): Promise<Shop> {
  const api = await kubernetesDouble(t);
  api.create('/api/v1/namespaces', {
    metadata: { name: 'shop', labels: { 'rollcall.dev/injection': 'enabled' } },
  });
  api.create('/api/v1/namespaces', { metadata: { name: 'other' } });
  const views = new Map<string, View>();
  const add = (name: string, more: object = {}) => {
    api.create(PODS, {
      metadata: { name },
      spec: { initContainers: [sidecar], containers, nodeName: 'node-1' },
      status: { phase: 'Running' },
      ...more,
    });
  };
  for (const name of names) {
    add(name);
    views.set(name, { sees: names });
  }
  api.create(slicePath('shop'), slice(names));
  api.fault(({ path }) => {
    const [, pod, port, what] = /\/pods\/http:([^/:]+):(\d+)\/proxy\/(\w+)$/.exec(path) ?? [];
    if (pod === undefined) return undefined;
    const view = views.get(pod);
    if (view === undefined || port !== '17655') return { status: 502, body: { message: 'no route to host' } };
    return { status: 200, body: what === 'metrics' ? metricsOf(view) : healthOf(view) };
  });
  const config = kubeconfig('fake', api.url, 'shop').replace('token: x', `token: ${TOKEN_OF_THE_USER}`);
  const directory = await folder(t, { config });
  const { url, end, printed } = await started(t, [...argv, '--kubeconfig', join(directory, 'config')]);
  return {
    api,
    url,
    views,
    add,
    members: (...all) => void api.replace(slicePath('shop', 'db-a'), slice(all)),
    remove: (name) => api.delete(`${PODS}/${name}`),
    printed,
    end,
  };
}

function metricsOf({ sees, stale, revision = 1, waiting }: View): string {
  const digest = digestOf(sees.map((name) => ({ uid: uidOf(name), ready: true })));
  return [
    `rollcall_members ${sees.length}`,
    'rollcall_synced 1',
    `rollcall_stale ${Number(stale !== undefined)}`,
    `rollcall_revision ${revision}`,
    `rollcall_members_digest ${digest}`,
    `rollcall_gate_open ${Number(waiting === undefined)}`,
    'rollcall_upstream_age_seconds 0.5\n',
  ].join('\n');
}

function healthOf({ stale, waiting }: View): object {
  return { reason: stale, message: 'the API server sent nothing for 16 s', waiting };
}

async function started(t: TestContext, argv: string[]): Promise<Pick<Shop, 'url' | 'end' | 'printed'>> {
  const stop = new AbortController();
  let out = '';
  let err = '';
  const io = {
    stdin: (async function* () {})(),
    stdout: {
      write(text: string | Uint8Array) {
        out += text;
      },
    },
    stderr: {
      write(text: string) {
        err += text;
      },
    },
    env: {},
    signal: stop.signal,
  };
  const code = runCommand('dashboard', argv, io);
  const end = () => {
    stop.abort();
    return code;
  };
  t.after(end);
  await Promise.race([code, eventually('its address', () => out.includes('\n'), { everyMs: 10 })]);
  return { url: out.trim(), end, printed: () => out + err };
}

/** The tables as a page has them, kept up to date from the stream of server-sent events. */
export class Page {
  readonly tables: Record<string, Map<string, Record<string, unknown>>> = {};
  /** The number of rows in the updates after the first one. */
  rows = 0;
  #stop = new AbortController();

  static async open(t: TestContext, url: string, group = ''): Promise<Page> {
    const page = new Page();
    t.after(() => page.#stop.abort());
    const response = await fetch(`${url}events?group=${encodeURIComponent(group)}`, {
      signal: page.#stop.signal,
    });
    void page.#read(response.body!).catch(() => {});
    await eventually('the first update', () => page.tables.pods !== undefined, { everyMs: 10 });
    return page;
  }

  close(): void {
    this.#stop.abort();
  }

  row(table: string, key: string): Record<string, unknown> | undefined {
    return this.tables[table]?.get(key);
  }

  all(table: string): Record<string, unknown>[] {
    return [...(this.tables[table]?.values() ?? [])];
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of body) {
      text += decoder.decode(chunk, { stream: true });
      const messages = text.split('\n\n');
      text = messages.pop()!;
      for (const message of messages)
        if (message.startsWith('data: ')) this.#apply(JSON.parse(message.slice(6)));
    }
  }

  #apply({
    whole,
    tables,
  }: {
    whole?: true;
    tables: Record<string, { set: [string, Record<string, unknown>][]; gone: string[] }>;
  }) {
    for (const [name, { set, gone }] of Object.entries(tables)) {
      this.tables[name] ??= new Map();
      const table = this.tables[name];
      if (whole) table.clear();
      else this.rows += set.length + gone.length;
      for (const key of gone) table.delete(key);
      for (const [key, row] of set) table.set(key, row);
    }
  }
}

/** The source of a file of the page. */
export function source(name: string): Promise<string> {
  return readFile(new URL(`../../../src/cli/dashboard/page/${name}`, import.meta.url), 'utf8');
}

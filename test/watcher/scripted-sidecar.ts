import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Hello, Line, Member } from '../../src/watcher/protocol.ts';
import { soon } from '../support/eventually.ts';

/** A sidecar that says what the test makes it say. */
export class ScriptedSidecar {
  readonly path: string;
  readonly connections: Greeted[] = [];
  #server: Server | undefined;
  #taken = 0;

  constructor(directory: string) {
    this.path = join(directory, 'members.sock');
  }

  async listen(): Promise<void> {
    const server = createServer((socket) => this.connections.push(new Greeted(socket)));
    await new Promise<void>((resolve) => server.listen(this.path, resolve));
    this.#server = server;
  }

  /** The next connection that the test has not seen. */
  async next(): Promise<Greeted> {
    const connection = await soon('another connection', () => this.connections[this.#taken]);
    this.#taken += 1;
    return connection;
  }

  close(): void {
    this.#server?.close();
    for (const { socket } of this.connections) socket.destroy();
  }
}

/** A connection, seen from the sidecar. */
class Greeted {
  readonly socket: Socket;
  ended = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('close', () => {
      this.ended = true;
    });
    socket.resume();
  }

  say(...lines: (Line | object)[]): this {
    return this.raw(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  }

  raw(data: string | Uint8Array): this {
    this.socket.write(data);
    return this;
  }

  /** A hello and a snapshot: what every connection to a synced sidecar begins with. */
  greet(
    members: Member[],
    { epoch = 'e1', revision = 1, stale = false, expected = null as number | null } = {},
  ): this {
    return this.say(hello({ epoch, expected }), {
      type: 'snapshot',
      epoch,
      revision,
      stale,
      expected,
      members,
    });
  }
}

export function hello(fields: Partial<Hello> = {}): Hello {
  return {
    type: 'hello',
    protocol: 1,
    epoch: 'e1',
    group: { namespace: 'default', service: 'db' },
    source: 'endpointslices',
    heartbeatSeconds: 5,
    synced: true,
    expected: null,
    ...fields,
  };
}

/** `delta(2, { joined: [member('b')] })` */
export function delta(
  revision: number,
  { left = [], joined = [], changed = [] }: { left?: Member[]; joined?: Member[]; changed?: Member[] },
) {
  return { type: 'delta', revision, left, joined, changed } as const;
}

export function heartbeat(revision: number, stale = false) {
  return { type: 'heartbeat', revision, stale, upstreamAgeSeconds: 1 } as const;
}

/** A scripted sidecar that serves in a directory of its own, until the test ends. */
export async function scriptedSidecar(t: TestContext, { listen = true } = {}): Promise<ScriptedSidecar> {
  const directory = await mkdtemp(join(tmpdir(), 'rollcall-'));
  const sidecar = new ScriptedSidecar(directory);
  t.after(async () => {
    sidecar.close();
    await rm(directory, { recursive: true, force: true });
  });
  if (listen) await sidecar.listen();
  return sidecar;
}

/**
 * An application beside a sidecar: it connects to the Unix socket and reads lines.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Line, Member } from '../../src/watcher/protocol.ts';
import { eventually } from '../support/eventually.ts';
import { SocketReader } from '../support/stream.ts';
import { dim, green, red, yellow } from './terminal.ts';

export type Listener = (line: Line) => void;

export class Application extends SocketReader {
  #listener: Listener | undefined;

  static async connect(path: string): Promise<Application> {
    const open = async (): Promise<Socket> => {
      const socket = connect(path);
      await once(socket, 'connect');
      return socket;
    };
    return new Application(
      await eventually(`connection to ${path}`, open, { timeoutMs: 10_000, everyMs: 10 }),
    );
  }

  /** Called with every line from now on. */
  onLine(listener: Listener): void {
    this.#listener = listener;
  }

  override accept(text: string): void {
    const known = this.lines.length;
    super.accept(text);
    for (const line of this.lines.slice(known)) this.#listener?.(line);
  }

  /** Returns the members that it holds, as `name uid`, sorted. */
  holds(): string[] {
    return [...this.members.values()].map(({ name, uid }) => `${name} ${uid}`).sort();
  }
}

/** The line as a person would put it; a heartbeat is nothing to tell. */
export function told(line: Line): string | undefined {
  switch (line.type) {
    case 'hello':
      return `${kind('hello')}protocol ${line.protocol}, group ${line.group.namespace}/${line.group.service}`;
    case 'snapshot':
      return `${kind(`snapshot ${line.revision}`)}${line.members.map(labelled).join('  ')}`;
    case 'delta':
      return kind(`delta ${line.revision}`) + changes(line);
    case 'status':
      return `${kind('status')}${line.stale ? yellow('stale true') : green('stale false')}${because(line.reason)}`;
    case 'bye':
      return `${kind('bye')}${line.reason}`;
    case 'heartbeat':
      return undefined;
  }
}

/** As wide as `snapshot 1`, and a space. */
const kind = (text: string) => `${text.padEnd(10)} `;

function changes({ left, joined, changed }: Extract<Line, { type: 'delta' }>): string {
  return [
    ...left.map((member) => red(`- ${identity(member)}`)),
    ...joined.map((member) => green(`+ ${identity(member)}`)),
    ...conditions(changed).map((condition) => yellow(`~ ${namesWith(changed, condition)} ${condition}`)),
  ].join('  ');
}

function conditions(members: Member[]): string[] {
  return [...new Set(members.map(condition))];
}

function namesWith(members: Member[], wanted: string): string {
  return members
    .filter((member) => condition(member) === wanted)
    .map(({ name }) => name)
    .join(' ');
}

function identity({ name, uid }: Member): string {
  return `${name} (${uid.slice(0, 4)})`;
}

function labelled(member: Member): string {
  return `${identity(member)}${member.self ? dim(' self') : ''}`;
}

function condition({ ready, terminating }: Member): string {
  if (terminating) return 'terminating';
  return ready ? 'ready' : 'not ready';
}

function because(reason: string | undefined): string {
  return reason ? `, ${reason}` : '';
}

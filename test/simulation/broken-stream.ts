/** Streams that get it wrong, as seen between a right sidecar and its reader. */

import type { Clock } from '../../src/watcher/clock.ts';
import type { Pipe } from '../../src/watcher/outputs/readers.ts';
import type { Member } from '../../src/watcher/protocol.ts';
import { pieces } from './rewiring.ts';

export function restartsAsChanges(line: string): string {
  const delta = JSON.parse(line);
  const restarted = (delta.joined as Member[]).filter(({ name }) =>
    (delta.left as Member[]).some((left) => left.name === name),
  );
  const others = ({ name }: Member) => !restarted.some((member) => member.name === name);
  const [left, joined] = [delta.left.filter(others), delta.joined.filter(others)];
  return `${JSON.stringify({ ...delta, left, joined, changed: [...delta.changed, ...restarted] })}\n`;
}

export function departuresApart(line: string): string[] {
  const delta = JSON.parse(line);
  if (delta.left.length === 0 || delta.joined.length === 0) return [line];
  const departed = { ...delta, joined: [], changed: [] };
  const rest = { ...delta, left: [] };
  return [departed, rest].map((part) => `${JSON.stringify(part)}\n`);
}

/** Each line as the lines that are made of it; the pieces of a long snapshot are left alone. */
export function rewritten(
  pipe: Pipe,
  each: (type: string, line: string) => readonly string[] | undefined,
): Pipe {
  return pieces(pipe, (data) => {
    const text = String(data);
    const type = /^\{"type":"(\w+)"/.exec(text)?.[1];
    const made = type === undefined ? undefined : each(type, text);
    if (made === undefined) return pipe.write(data);
    return made.map((line) => pipe.write(line)).every(Boolean);
  });
}

export function cutLines(pipe: Pipe): Pipe {
  return pieces(pipe, (data) => pipe.write(data.length > 1000 ? `${String(data).slice(0, 1000)}\n` : data));
}

/** A pipe on which a reader that came later misses the first member that joins in a line. */
export function withoutSomebody(pipe: Pipe, clock: Clock): Pipe {
  if (clock.now() === 0) return pipe;
  return rewritten(pipe, (type, line) => {
    if (type !== 'delta') return undefined;
    const delta = JSON.parse(line);
    return [`${JSON.stringify({ ...delta, joined: delta.joined.slice(1) })}\n`];
  });
}

/** The sidecar never learns that the reader is behind; what it writes then is treated like this. */
export function behind(
  pipe: Pipe,
  late: (queue: (string | Uint8Array)[], data: string | Uint8Array) => void,
): Pipe {
  const queue: (string | Uint8Array)[] = [];
  let blocked = false;
  pipe.on('drain', () => {
    blocked = false;
    while (queue.length > 0 && !blocked) blocked = !pipe.write(queue.shift()!);
  });
  return pieces(pipe, (data) => {
    if (blocked) late(queue, data);
    else blocked = !pipe.write(data);
    return true;
  });
}

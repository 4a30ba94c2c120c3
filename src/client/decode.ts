import { Corrupt } from '../watcher/lines.ts';
import type { Line } from '../watcher/protocol.ts';

type LineFields = Record<string, unknown>;

/** The checks of each type of line, so that whoever applies a line need not check again. */
const shapes: { [T in Line['type']]: (line: LineFields) => boolean } = {
  // The rest of a hello is judged when its protocol is known to be ours.
  hello: (line) => isCount(line.protocol),
  snapshot: (line) =>
    typeof line.epoch === 'string' &&
    isCount(line.revision) &&
    typeof line.stale === 'boolean' &&
    // A sidecar of 0.1 does not say how many members there are to be.
    (line.expected === undefined || isCountOrNull(line.expected)) &&
    areMembers(line.members),
  delta: (line) =>
    isCount(line.revision) && areMembers(line.left) && areMembers(line.joined) && areMembers(line.changed),
  expected: (line) => isCountOrNull(line.expected),
  status: (line) => typeof line.stale === 'boolean',
  heartbeat: (line) => isCount(line.revision) && typeof line.stale === 'boolean',
  bye: () => true,
};

/**
 * Returns a line of the stream; undefined when its type is unknown and the line is to be ignored. Throws
 * `Corrupt`.
 */
export function decode(text: string): Line | undefined {
  const line = parse(text);
  if (!isObject(line) || typeof line.type !== 'string') throw new Corrupt('a line without a type');
  if (!Object.hasOwn(shapes, line.type)) return undefined;
  if (!shapes[line.type as Line['type']](line)) throw new Corrupt(`a ${line.type} without its fields`);
  return line as unknown as Line;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Corrupt(`text that is not JSON: ${JSON.stringify(text.slice(0, 60))}`);
  }
}

function areMembers(value: unknown): boolean {
  return Array.isArray(value) && value.every((member) => isObject(member) && typeof member.uid === 'string');
}

function isObject(value: unknown): value is LineFields {
  return typeof value === 'object' && value !== null;
}

export function isCountOrNull(value: unknown): value is number | null {
  return value === null || isCount(value);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

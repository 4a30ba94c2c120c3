/** DNS messages as RFC 1035, RFC 2782 (SRV) and RFC 6891 (EDNS) have them: one question out, its answer in. */

export const TYPES = { A: 1, CNAME: 5, AAAA: 28, SRV: 33 } as const;
export type QuestionType = 'A' | 'AAAA' | 'SRV';

/** Answers of this size pass every network unbroken (DNS flag day 2020); a server without EDNS stops at 512. */
const UDP_BYTES = 1232;
const OPT = 41;
const INTERNET = 1;
const HEADER_BYTES = 12;
/** A name has fewer pointers than this, each to an earlier place, or it is made to loop. */
const MAX_POINTERS = 64;
/** A TTL with its highest bit set counts as zero (RFC 2181). */
const MAX_TTL = 0x7fffffff;

export interface Question {
  name: string;
  type: QuestionType;
}

export interface ResourceRecord {
  ttl: number;
  /** The address, or the target of an SRV record in the letters of the server. */
  value: string;
  /** The port of an SRV record; 0 in the others. */
  port: number;
}

export interface Reply {
  /** RCODE: 0 for success, 3 where there is no such name. */
  code: number;
  /** The server has more than it sent. */
  truncated: boolean;
  /** The records that answer the question, after aliases were followed. */
  records: ResourceRecord[];
}

/** This error says that the bytes are not an answer to the question. */
export class BadMessage extends Error {}

/** This error says that a name is none that DNS could have. */
export class BadName extends Error {
  readonly code = 'EBADNAME';
}

/** Returns the message that asks; with EDNS it says how much an answer may hold. Throws `BadName`. */
export function encodeQuery(id: number, { name, type }: Question, edns: boolean): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(id, 0);
  // Recursion is wished for.
  header.writeUInt16BE(0x0100, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(edns ? 1 : 0, 10);
  const tail = Buffer.alloc(4);
  tail.writeUInt16BE(TYPES[type], 0);
  tail.writeUInt16BE(INTERNET, 2);
  return Buffer.concat([header, encodeName(name), tail, ...(edns ? [optRecord()] : [])]);
}

function optRecord(): Buffer {
  const opt = Buffer.alloc(11);
  opt.writeUInt16BE(OPT, 1);
  opt.writeUInt16BE(UDP_BYTES, 3);
  return opt;
}

function encodeName(name: string): Buffer {
  const labels = name.replace(/\.$/, '').split('.');
  const bytes = labels.map((label) => Buffer.from(label, 'latin1'));
  const total = bytes.reduce((sum, label) => sum + label.length + 1, 1);
  if (total > 255 || bytes.some((label) => label.length === 0 || label.length > 63)) {
    throw new BadName(`"${name.slice(0, 300)}" is no name that DNS could have`);
  }
  return Buffer.concat([...bytes.flatMap((label) => [Buffer.from([label.length]), label]), Buffer.from([0])]);
}

/** Returns what the answer to a question says. Throws `BadMessage` for bytes that are something else. */
export function decodeReply(message: Buffer, id: number, question: Question): Reply {
  try {
    return decode(message, id, question);
  } catch (error) {
    if (error instanceof RangeError) throw new BadMessage('the message ends too early');
    throw error;
  }
}

function decode(message: Buffer, id: number, question: Question): Reply {
  const flags = message.readUInt16BE(2);
  if (message.readUInt16BE(0) !== id || (flags & 0x8000) === 0) throw new BadMessage('no answer to this');
  const code = flags & 0x000f;
  const truncated = (flags & 0x0200) !== 0;
  // A server that does not understand the question need not repeat it.
  if (message.readUInt16BE(4) === 0 && code !== 0) return { code, truncated, records: [] };
  const asked = readName(message, HEADER_BYTES);
  const type = message.readUInt16BE(asked.end);
  if (!isSame(asked.name, question.name) || type !== TYPES[question.type]) {
    throw new BadMessage('the answer is to another question');
  }
  const answers = readAnswers(message, asked.end + 4, message.readUInt16BE(6));
  return { code, truncated, records: settled(answers, question) };
}

/** A record of the answer, with the name that it is about. */
interface OwnedRecord extends ResourceRecord {
  owner: string;
  type: number;
}

function readAnswers(message: Buffer, start: number, count: number): OwnedRecord[] {
  const answers: OwnedRecord[] = [];
  let at = start;
  for (let index = 0; index < count; index += 1) {
    const { name: owner, end } = readName(message, at);
    const type = message.readUInt16BE(end);
    const given = message.readUInt32BE(end + 4);
    const length = message.readUInt16BE(end + 8);
    const data = end + 10;
    at = data + length;
    if (at > message.length) throw new BadMessage('a record ends after its message');
    const ttl = given > MAX_TTL ? 0 : given;
    const read = readData(message, type, data, length);
    if (read !== undefined) answers.push({ owner, type, ttl, ...read });
  }
  return answers;
}

function readData(
  message: Buffer,
  type: number,
  at: number,
  length: number,
): { value: string; port: number } | undefined {
  switch (type) {
    case TYPES.A:
      if (length !== 4) throw new BadMessage('an A record without four bytes');
      return { value: message.subarray(at, at + 4).join('.'), port: 0 };
    case TYPES.AAAA:
      if (length !== 16) throw new BadMessage('an AAAA record without sixteen bytes');
      return { value: ipv6(message.subarray(at, at + 16)), port: 0 };
    case TYPES.SRV:
      if (length < 7) throw new BadMessage('an SRV record that is too short');
      return { value: readName(message, at + 6).name, port: message.readUInt16BE(at + 4) };
    case TYPES.CNAME:
      return { value: readName(message, at).name, port: 0 };
    default:
      return undefined;
  }
}

/** Returns the records under the name that was asked for, or under the one that it is an alias of. */
function settled(answers: readonly OwnedRecord[], { name, type }: Question): ResourceRecord[] {
  let owner = name;
  for (let step = 0; step < answers.length; step += 1) {
    const alias = answers.find((one) => one.type === TYPES.CNAME && isSame(one.owner, owner));
    if (alias === undefined) break;
    owner = alias.value;
  }
  return answers
    .filter((one) => one.type === TYPES[type] && isSame(one.owner, owner))
    .map(({ ttl, value, port }) => ({ ttl, value, port }));
}

/** Reads a name in a message, compressed or not, and where the next thing begins. */
function readName(message: Buffer, start: number): { name: string; end: number } {
  const labels: string[] = [];
  let at = start;
  let end: number | undefined;
  // The root takes a byte.
  let total = 1;
  for (let pointers = 0; ; ) {
    const length = message.readUInt8(at);
    if (length === 0) return { name: labels.join('.'), end: end ?? at + 1 };
    if (length >= 0xc0) {
      const target = message.readUInt16BE(at) & 0x3fff;
      end ??= at + 2;
      if (target >= at || ++pointers > MAX_POINTERS) throw new BadMessage('a name that leads nowhere');
      at = target;
      continue;
    }
    total += length + 1;
    if (length > 63 || total > 255 || at + 1 + length > message.length) throw new BadMessage('no name');
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase().replace(/\.$/, '') === b.toLowerCase().replace(/\.$/, '');
}

/** Returns the text that RFC 5952 asks for: lower case, the longest run of zeros left out. */
function ipv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16));
  // A URL's host is written so.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

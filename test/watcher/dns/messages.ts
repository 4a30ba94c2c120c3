/** Messages of DNS in their bytes: answers to one question, of records that the test makes. */
import { encodeQuery, type Question } from '../../../src/watcher/dns/dns-message.ts';

export const ID = 0xbeef;
export const question: Question = { name: 'db.shop.svc.cluster.local', type: 'A' };

/** An answer to `question`: its own bytes with the flags and counts of a reply, then the records. */
export function reply(records: Buffer[], { flags = 0x8580, type = question.type, id = ID } = {}): Buffer {
  const query = encodeQuery(id, { ...question, type }, false);
  query.writeUInt16BE(flags, 2);
  query.writeUInt16BE(records.length, 6);
  return Buffer.concat([query, ...records]);
}

/** A record whose owner is the name of the question unless `owner` says otherwise. */
export function record(type: number, data: number[], { ttl = 5, owner = [0xc0, 0x0c] } = {}): Buffer {
  const head = Buffer.alloc(10);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(1, 2);
  head.writeUInt32BE(ttl, 4);
  head.writeUInt16BE(data.length, 8);
  return Buffer.concat([Buffer.from(owner), head, Buffer.from(data)]);
}

export const name = (...labels: string[]) => [
  ...labels.flatMap((label) => [label.length, ...Buffer.from(label)]),
  0,
];

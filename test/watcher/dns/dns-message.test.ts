import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { BadMessage, BadName, decodeReply, encodeQuery } from '../../../src/watcher/dns/dns-message.ts';
import { ID, name, question, record, reply } from './messages.ts';

describe('a question', () => {
  test('says with EDNS that 1232 bytes may come', () => {
    const query = encodeQuery(ID, question, true);
    assert.deepEqual([...query.subarray(-11)], [0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]);
    assert.equal(query.readUInt16BE(10), 1);
    assert.equal(encodeQuery(ID, question, false).length, query.length - 11);
  });

  test('is refused for a name that DNS could not have', () => {
    for (const wrong of ['', 'a..b', `${'a'.repeat(64)}.x`, Array(64).fill('abc').join('.')]) {
      assert.throws(() => encodeQuery(ID, { ...question, name: wrong }, true), BadName, wrong);
    }
  });
});

describe('an answer', () => {
  test('has the records of the question, with their TTL', () => {
    const a = reply([record(1, [10, 0, 0, 1], { ttl: 30 }), record(28, Array(16).fill(0))]);
    assert.deepEqual(decodeReply(a, ID, question), {
      code: 0,
      truncated: false,
      records: [{ ttl: 30, value: '10.0.0.1', port: 0 }],
    });
    const address = [0xfd, 0, ...Array(13).fill(0), 1];
    const aaaa = reply([record(28, address, { ttl: 0x80000000 })], { type: 'AAAA' });
    assert.deepEqual(decodeReply(aaaa, ID, { ...question, type: 'AAAA' }).records, [
      { ttl: 0, value: 'fd00::1', port: 0 },
    ]);
    const srv = reply([record(33, [0, 0, 0, 0, 0x1b, 0x58, ...name('db-0', 'x')])], { type: 'SRV' });
    assert.deepEqual(decodeReply(srv, ID, { ...question, type: 'SRV' }).records, [
      { ttl: 5, value: 'db-0.x', port: 7000 },
    ]);
  });

  test('follows an alias, and takes no record of another name', () => {
    const alias = record(5, name('other', 'example'));
    const there = record(1, [10, 0, 0, 2], { owner: name('other', 'example') });
    const stranger = record(1, [10, 0, 0, 3], { owner: name('stranger', 'example') });
    const values = decodeReply(reply([alias, stranger, there]), ID, question).records.map(
      ({ value }) => value,
    );
    assert.deepEqual(values, ['10.0.0.2']);
  });

  test('is not taken from a message that answers something else', () => {
    const records = [record(1, [10, 0, 0, 1])];
    const wrong = [
      reply(records, { id: ID + 1 }),
      reply(records, { flags: 0x0100 }),
      reply(records, { type: 'AAAA' }),
      reply([record(1, [10, 0, 0])]),
      reply([record(28, [1, 2, 3])], { type: 'A' }),
      reply([record(1, [10, 0, 0, 1], { owner: [0xc0, 0xff] })]),
    ];
    for (const message of wrong) assert.throws(() => decodeReply(message, ID, question), BadMessage);
  });

  test('of any bytes is an answer or a BadMessage, and is so without end in no case', () => {
    const sound = reply([record(1, [10, 0, 0, 1]), record(5, name('other', 'example'))]);
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 80 }),
          fc.array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { maxLength: 8 }).map((changes) => {
            const changed = Buffer.from(sound);
            for (const [at, byte] of changes) changed[at] = byte;
            return changed;
          }),
          fc.nat(sound.length).map((length) => sound.subarray(0, length)),
        ),
        (bytes) => {
          try {
            const { records } = decodeReply(Buffer.from(bytes), ID, question);
            assert.ok(records.every(({ value }) => typeof value === 'string'));
          } catch (error) {
            assert.ok(error instanceof BadMessage, String(error));
          }
        },
      ),
      { numRuns: 5000 },
    );
  });
});

test('an SRV record points to a name, which may be the root, and is refused when it has none', () => {
  const srv = { ...question, type: 'SRV' } as const;
  const of = (...data: number[]) =>
    decodeReply(reply([record(33, [0, 0, 0, 0, 0x1f, 0x90, ...data])], { type: 'SRV' }), ID, srv);
  assert.deepEqual(of(0).records, [{ ttl: 5, value: '', port: 8080 }]);
  assert.deepEqual(of(...name('db-0', 'db')).records, [{ ttl: 5, value: 'db-0.db', port: 8080 }]);
  assert.throws(() => of(), BadMessage);
});

test('a record that ends after its message is refused, wherever the message is cut', () => {
  const whole = reply([record(1, [10, 0, 0, 1])]);
  for (let cut = 1; cut <= 16; cut += 1) {
    const message = whole.subarray(0, whole.length - cut);
    assert.throws(() => decodeReply(message, ID, question), BadMessage, `${cut} bytes`);
  }
});

test('a question has the very bytes that RFC 1035 has for it', () => {
  const tail = [...name('db', 'x'), 0, 28, 0, 1];
  const query = encodeQuery(0x1234, { name: 'db.x.', type: 'AAAA' }, false);
  assert.deepEqual([...query], [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...tail]);
});

test('a name is as long as DNS lets it be, in its labels and as a whole', () => {
  const label = 'a'.repeat(63);
  const whole = [label, label, label, 'a'.repeat(61)].join('.');
  assert.equal(encodeQuery(ID, { ...question, name: whole }, false).length, 12 + 255 + 4);
  assert.throws(() => encodeQuery(ID, { ...question, name: `${whole}a` }, false), BadName);
  assert.throws(() => encodeQuery(ID, { ...question, name: 'a'.repeat(301) }, false), {
    code: 'EBADNAME',
    message: `"${'a'.repeat(300)}" is no name that DNS could have`,
  });
});

test('a name in an answer is as long as DNS lets it be too', () => {
  const label = (length: number) => [length, ...Buffer.alloc(length, 'a')];
  const owned = (owner: number[]) => reply([record(1, [10, 0, 0, 1], { owner })]);
  const longest = [...label(63), ...label(63), ...label(63), ...label(61)];
  assert.deepEqual(decodeReply(owned([...longest, 0]), ID, question).records, []);
  assert.throws(
    () => decodeReply(owned([...label(63), ...label(63), ...label(63), ...label(62), 0]), ID, question),
    BadMessage,
  );
  assert.throws(() => decodeReply(owned([...label(64), 0]), ID, question), BadMessage);
});

test('a pointer leads to an earlier place, and a name has 64 of them at most', () => {
  const pointing = (pointers: number) => {
    // Each pointer leads to the one before it, and the first to the name of the question.
    const start = 12 + name('db', 'shop', 'svc', 'cluster', 'local').length + 4;
    const chain = Array.from({ length: pointers - 1 }, (_, at) =>
      at === 0 ? 12 : start + 12 + 2 * (at - 1),
    );
    const bytes = chain.flatMap((to) => [0xc0 | (to >> 8), to & 255]);
    const last = pointers === 1 ? 12 : start + 12 + 2 * (pointers - 2);
    const owner = [0xc0 | (last >> 8), last & 255];
    return reply([record(99, bytes), record(1, [10, 0, 0, 1], { owner })]);
  };
  for (const pointers of [1, 2, 64])
    assert.equal(decodeReply(pointing(pointers), ID, question).records.length, 1, `${pointers}`);
  assert.throws(() => decodeReply(pointing(65), ID, question), BadMessage);
  const itself = 12 + name('db', 'shop', 'svc', 'cluster', 'local').length + 4;
  const loop = reply([record(1, [10, 0, 0, 1], { owner: [0xc0 | (itself >> 8), itself & 255] })]);
  assert.throws(() => decodeReply(loop, ID, question), BadMessage);
});

test('a code and a cut are read from their bits, and a question that was not understood need not be there', () => {
  const read = (flags: number) => {
    const { code, truncated } = decodeReply(reply([], { flags }), ID, question);
    return [code, truncated];
  };
  assert.deepEqual([0x8000, 0x8200, 0x800f, 0xfdf3].map(read), [
    [0, false],
    [0, true],
    [15, false],
    [3, false],
  ]);
  const bare = (flags: number) => {
    const message = Buffer.alloc(12);
    message.writeUInt16BE(ID, 0);
    message.writeUInt16BE(flags, 2);
    return message;
  };
  const refused = bare(0x8201);
  refused.writeUInt16BE(0x100, 6);
  assert.deepEqual(decodeReply(refused, ID, question), { code: 1, truncated: true, records: [] });
  assert.throws(() => decodeReply(bare(0x8000), ID, question), BadMessage, 'an answer has its question');
});

test('aliases are followed to their end, in whatever order and letters they come, and a loop of them ends', () => {
  const owner = (one: string) => ({ owner: name(one, 'example') });
  const chain = [
    record(5, name('B', 'example'), owner('a')),
    record(5, name('c', 'example'), owner('b')),
    record(1, [10, 0, 0, 3], owner('C')),
    record(5, name('A', 'example')),
  ];
  const values = (records: Buffer[]) =>
    decodeReply(reply(records), ID, question).records.map(({ value }) => value);
  assert.deepEqual(values(chain), ['10.0.0.3']);
  assert.deepEqual(values(chain.toReversed()), ['10.0.0.3']);
  const loop = [record(5, name('a', 'example')), record(5, name('a', 'example'), owner('a'))];
  assert.deepEqual(values([...loop, record(1, [10, 0, 0, 1])]), []);
});

test('a record of a type that was not asked for is passed over, whatever it holds, and each has its length', () => {
  const aaaa = { ...question, type: 'AAAA' } as const;
  const address = Array.from({ length: 16 }, (_, at) => at + 1);
  const mixed = reply([record(16, [3, 1, 2, 3]), record(28, address), record(1, [10, 0, 0, 1])], {
    type: 'AAAA',
  });
  assert.deepEqual(decodeReply(mixed, ID, aaaa).records, [
    { ttl: 5, value: '102:304:506:708:90a:b0c:d0e:f10', port: 0 },
  ]);
  for (const [type, bytes] of [
    [1, 3],
    [1, 5],
    [28, 15],
    [28, 17],
    [33, 6],
  ] as const)
    assert.throws(
      () => decodeReply(reply([record(type, Array(bytes).fill(0))]), ID, question),
      BadMessage,
      `${bytes} bytes of type ${type}`,
    );
});

test('a time to live is read whole, up to the bit that makes it none', () => {
  const ttl = (given: number) =>
    decodeReply(reply([record(1, [10, 0, 0, 1], { ttl: given })]), ID, question).records[0]?.ttl;
  assert.deepEqual([0, 1, 0x7fffffff, 0x80000000].map(ttl), [0, 1, 0x7fffffff, 0]);
});

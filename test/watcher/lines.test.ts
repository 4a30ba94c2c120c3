import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { collectGarbage } from '../../src/sidecar/garbage.ts';
import { Corrupt, LineSplitter } from '../../src/watcher/lines.ts';

test('lines come out whole, wherever the bytes are cut, also inside a character', () => {
  const line = fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => text.replaceAll('\n', ' '));
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat(7), { minLength: 1 }), (lines, cuts) => {
      const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
      const splitter = new LineSplitter();
      const out: string[] = [];
      for (let start = 0, turn = 0; start < bytes.length; turn += 1) {
        const end = start + 1 + cuts[turn % cuts.length]!;
        out.push(...splitter.push(bytes.subarray(start, end)));
        start = end;
      }
      assert.deepEqual(
        out,
        lines.filter((text) => text !== ''),
      );
      assert.equal(splitter.pending, 0);
    }),
    { numRuns: 1000 },
  );
});

test('a kept part of a line is not overwritten with the buffer that it came in', () => {
  const splitter = new LineSplitter();
  const buffer = Buffer.from('abc');
  assert.deepEqual([...splitter.push(buffer)], []);
  buffer.fill('x');
  assert.deepEqual([...splitter.push(Buffer.from('d\n'))], ['abcd']);
});

test('bytes that are not UTF-8, and a line of over 16 MiB, are corrupt', () => {
  assert.throws(() => [...new LineSplitter().push(Buffer.from([0xc3, 0x28, 0x0a]))], Corrupt);
  const splitter = new LineSplitter();
  const chunk = Buffer.alloc(1024 * 1024, 'a');
  for (let pushed = 0; pushed < 16; pushed += 1) assert.deepEqual([...splitter.push(chunk)], []);
  assert.throws(() => [...splitter.push(Buffer.from('a'))], Corrupt);
});

test('a line that comes byte by byte takes little more memory than its bytes', () => {
  const used = () => {
    collectGarbage();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const splitter = new LineSplitter();
  const byte = Buffer.from('a');
  const before = used();
  const bytes = 256 * 1024;
  for (let pushed = 0; pushed < bytes; pushed += 1) splitter.push(byte).next();
  const held = used() - before;
  // A copy of each byte would hold a hundred bytes for it.
  assert.ok(held < 8 * bytes, `${held} bytes for a line of ${bytes}`);
  assert.equal([...splitter.push(Buffer.from('\n'))][0]?.length, bytes);
});

test('a line that comes byte by byte is copied a few times at most, and not anew with each byte', (t) => {
  const bytes = 64 * 1024;
  let copied = 0;
  const { set } = Uint8Array.prototype;
  t.mock.method(
    Uint8Array.prototype,
    'set',
    function (this: Uint8Array, from: ArrayLike<number>, at?: number) {
      copied += from.length;
      set.call(this, from, at);
    },
  );
  const splitter = new LineSplitter();
  const byte = Buffer.from('a');
  for (let pushed = 0; pushed < bytes; pushed += 1) splitter.push(byte).next();
  assert.ok(copied >= bytes && copied < 4 * bytes, `${copied} bytes copied for a line of ${bytes}`);
});

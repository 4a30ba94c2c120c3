import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { run } from '../run.ts';
import { CONTAINERS, HEAD, inject } from './asking-pod.ts';

describe('encodings', () => {
  const text = `${HEAD}spec:\n${CONTAINERS}  x: Köln 😀\n`;
  const utf16le = Buffer.from(`\uFEFF${text}`, 'utf16le');
  const encoded: [name: string, bytes: Uint8Array][] = [
    ['UTF-8 with a mark', Buffer.from(`\uFEFF${text}`)],
    ['UTF-16, little end first', utf16le],
    ['UTF-16, big end first', Buffer.from(utf16le).swap16()],
  ];
  for (const [name, bytes] of encoded) {
    test(`${name} is read by its mark, and written like it`, async () => {
      const { bytes: out, err } = await inject(bytes);
      assert.match(err, /pod\/p: injected/);
      assert.deepEqual([...out.subarray(0, 2)], [...bytes.subarray(0, 2)]);
      const back = await run('uninject', ['-f', '-'], { input: out });
      assert.equal(Buffer.compare(back.bytes, bytes), 0);
    });
  }

  const wrong: [name: string, bytes: Uint8Array, says: RegExp][] = [
    [
      'Latin-1',
      Buffer.from('a: 1\nb: caf\xe9\n', 'latin1'),
      /^rollcall: stdin:2: the byte 0xe9 is not UTF-8; save the file as UTF-8/,
    ],
    ['a cut character', Buffer.from('a: \xe2\x82', 'latin1'), /stdin:1: the byte 0xe2 is not UTF-8/],
    ['UTF-16 without a mark', Buffer.from('a: 1\n', 'utf16le'), /zero bytes, as UTF-16 does/],
    ['UTF-32', Buffer.from([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0]), /UTF-32, which kubectl does not read/],
    ['half of a pair', Buffer.from([0xff, 0xfe, 0x00, 0xd8]), /not all UTF-16LE/],
  ];
  for (const [name, bytes, says] of wrong) {
    test(`${name} is refused, and no byte replaced`, async () => {
      const { out, err, code } = await inject(bytes);
      assert.deepEqual([out, code], ['', 1]);
      assert.match(err, says);
    });
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode, encodePieces, type Snapshot } from '../../src/watcher/protocol.ts';
import { member } from './scripted-source.ts';

function snapshot(count: number): Snapshot {
  const members = Array.from({ length: count }, (_, at) => member(`u${at}`));
  return { type: 'snapshot', epoch: 'e', revision: 1, stale: false, expected: null, members };
}

test('the pieces of a snapshot are its line, whatever its size and theirs', () => {
  for (const count of [0, 1, 2, 7])
    for (const bytes of [1, 300, 1_000_000])
      assert.equal([...encodePieces(snapshot(count), bytes)].join(''), encode(snapshot(count)), `${count}`);
});

test('a piece ends with the member by which it has come to its size', () => {
  const one = JSON.stringify(member('u0')).length;
  const pieces = (bytes: number) => [...encodePieces(snapshot(4), bytes)].map(({ length }) => length);
  const head = encode(snapshot(0)).length - ']}\n'.length;
  assert.deepEqual(pieces(head + one), [head + one, 2 * (one + 1), one + 1 + 3]);
  assert.deepEqual(pieces(head + one + 1), [head + one + 1 + one, 2 * (one + 1), 3]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outcomeOf } from '../../../src/watcher/clock.ts';
import { textOf } from '../../../src/watcher/kubernetes/read-response.ts';
import { Corrupt } from '../../../src/watcher/lines.ts';
import { ArrivingBody } from '../../support/bodies.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** The text of an answer that has come in these chunks, of which eight bytes are read at most. */
function read(over: 'corrupt' | 'cut', ...chunks: (string | Uint8Array)[]): Promise<string> {
  const body = new ArrivingBody();
  const text = outcomeOf(textOf({ status: 200, headers: {}, body }, new FakeClock(), 8, over));
  for (const chunk of chunks) body.arrive(Buffer.from(chunk));
  body.arrive('end');
  return text;
}

test('an answer of as many bytes as may be is read, and one of a byte more is corrupt', async () => {
  assert.equal(await read('corrupt', '1234', '5678'), '12345678');
  await assert.rejects(read('corrupt', '1234', '56789'), new Corrupt('an answer of over 8 bytes'));
  await assert.rejects(
    read('corrupt', Uint8Array.of(0xc3, 0x28)),
    new Corrupt('an answer that is not UTF-8'),
  );
});

test('of an error as many bytes are read as may be, whatever they are', async () => {
  assert.equal(await read('cut', '1234', '56789'), '12345678');
  assert.equal(await read('cut', Uint8Array.of(0x61, 0xff)), 'a\ufffd');
});

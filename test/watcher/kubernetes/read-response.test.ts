import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outcomeOf } from '../../../src/watcher/clock.ts';
import { responseOf, textOf } from '../../../src/watcher/kubernetes/read-response.ts';
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

test('an answer that comes in drops, and does not end, is given up after five minutes', async () => {
  const [body, clock] = [new ArrivingBody(), new FakeClock()];
  const text = outcomeOf(textOf({ status: 200, headers: {}, body }, clock));
  const refused = assert.rejects(text, /did not end its answer for 300 s/);
  for (let drops = 0; drops < 16; drops += 1) {
    body.arrive(Buffer.from('x'));
    await clock.advance(20_000);
  }
  body.arrive('end');
  await refused;
});

test('of an error as many bytes are read as may be, whatever they are', async () => {
  assert.equal(await read('cut', '1234', '56789'), '12345678');
  assert.equal(await read('cut', Uint8Array.of(0x61, 0xff)), 'a\ufffd');
});

test('an answer of 300 to 399 is a redirect, and any other than 200 the error that it says', async () => {
  const messageOf = async (status: number) => {
    const body = new ArrivingBody();
    const response = Promise.resolve({ status, headers: { location: '/elsewhere' }, body });
    const outcome = outcomeOf(responseOf({ response, close() {} }, new FakeClock()));
    body.arrive(Buffer.from('what it says'));
    body.arrive('end');
    return outcome.then(
      (read) => read.status,
      ({ message }: Error) => message,
    );
  };
  assert.equal(await messageOf(200), 200);
  for (const status of [300, 399])
    assert.match(String(await messageOf(status)), new RegExp(`says ${status}: a redirect to "/elsewhere"`));
  for (const status of [199, 201, 299, 400, 500])
    assert.equal(await messageOf(status), `the API server says ${status}: what it says`);
});

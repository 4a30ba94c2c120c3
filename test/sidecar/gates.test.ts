import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gates } from '../../src/sidecar/gates.ts';
import { settle } from '../support/fake-clock.ts';

function gate(waiting: string, notice?: string) {
  const opening = Promise.withResolvers<void>();
  const one = {
    open: false,
    waiting: waiting as string | undefined,
    notice,
    opened: opening.promise,
    openedWithin: () => one.open,
  };
  const pass = () => {
    one.open = true;
    one.waiting = undefined;
    opening.resolve();
  };
  return { one, pass };
}

test('the application starts when every group is as it is to be, and hears what each waits for', async () => {
  const [first, second] = [gate('for a'), gate('for b', 'without b')];
  const gates = new Gates([first.one, second.one]);
  let opened = false;
  void gates.opened.then(() => {
    opened = true;
  });
  assert.deepEqual([gates.open, gates.waiting], [false, 'for a; for b']);
  first.pass();
  await settle();
  assert.deepEqual(
    [gates.open, opened, gates.waiting, gates.openedWithin(1)],
    [false, false, 'for b', false],
  );
  second.pass();
  await settle();
  assert.deepEqual([gates.open, opened, gates.waiting, gates.openedWithin(1)], [true, true, undefined, true]);
  assert.equal(gates.notice, 'without b');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silent } from '../../src/watcher/log.ts';
import type { Api } from '../../src/webhook/api.ts';
import { NativeSidecars } from '../../src/webhook/native-sidecars.ts';

test('native sidecars are there from 1.32 on, however a provider writes that', async () => {
  for (const [major, minor, supported] of [
    ['1', '31', false],
    ['1', '31+', false],
    ['1', '32', true],
    ['1', '36+', true],
    ['2', '0', true],
  ] as const) {
    const get = async () => ({ major, minor, gitVersion: `v${major}.${minor}` });
    const native = new NativeSidecars({ get } as unknown as Api, silent);
    await native.start();
    assert.equal(native.supported, supported, `${major}.${minor}`);
  }
});

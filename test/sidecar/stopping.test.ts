import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stopping } from '../../src/sidecar/stopping.ts';
import { silent } from '../../src/watcher/log.ts';
import type { Output } from '../../src/watcher/outputs/output.ts';

test('an output that fails to end is logged, and the others and the process end all the same', async () => {
  const ended: string[] = [];
  const logged: unknown[] = [];
  const outputs: Output[] = [
    {
      idle: () => Promise.reject(new Error('not idle')),
      close() {
        throw new Error('at once');
      },
    },
    { close: () => Promise.reject(new Error('later')) },
    { close: (reason) => void ended.push(reason) },
  ];
  const log = { ...silent, error: (message: string, fields?: object) => logged.push([message, fields]) };
  const exits: number[] = [];
  const groups = [{ outputs, sinks: { readers: { size: 0 } } }];
  await stopping(groups, 1, log, (code) => exits.push(code))('SIGTERM', true);
  assert.deepEqual(ended, ['SIGTERM']);
  assert.deepEqual(exits, [0]);
  assert.deepEqual(
    logged,
    ['not idle', 'at once', 'later'].map((error) => ['an output did not end', { error }]),
  );
});

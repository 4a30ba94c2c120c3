import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LoggedChanges } from '../../../src/watcher/outputs/logged-changes.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { member, scripted, watchOf } from '../scripted-source.ts';

const part = (...names: string[]) => new Map([['a', names.map((name) => member(`uid-${name}`, { name }))]]);

async function logged() {
  const lines: [message: string, fields: Record<string, unknown>][] = [];
  const clock = new FakeClock();
  const source = scripted();
  watchOf(source, clock, new LoggedChanges((message, fields) => void lines.push([message, fields])));
  const know = async (...names: string[]) => {
    source.push({ type: 'replace', parts: part(...names) });
    await settle();
    await clock.advance(200);
  };
  return { lines, know, source };
}

test('the first answer and every change are told, by the names of the members', async () => {
  const { lines, know } = await logged();
  await know('db-0', 'db-1');
  await know('db-1', 'db-2');
  assert.deepEqual(lines, [
    ['group known', { revision: 1, members: 2 }],
    ['membership changed', { revision: 2, left: ['db-0'], joined: ['db-2'], changed: [] }],
  ]);
});

test('of many names some are told, and how many more there are', async () => {
  const { lines, know } = await logged();
  await know();
  await know(...Array.from({ length: 12 }, (_, index) => `db-${String(index).padStart(2, '0')}`));
  const joined = lines.at(-1)![1].joined as string[];
  assert.deepEqual([joined.length, joined[0], joined.at(-1)], [11, 'db-00', 'and 2 more']);
});

test('what is said of the freshness is told with its reason', async () => {
  const { lines, know, source } = await logged();
  await know();
  source.push({ type: 'failure', reason: 'forbidden', message: 'may not' });
  await settle();
  assert.deepEqual(lines.at(-1), [
    'status changed',
    { stale: true, reason: 'forbidden', message: 'may not' },
  ]);
});

test('ten names are told as they are', async () => {
  const { lines, know } = await logged();
  await know();
  await know(...Array.from({ length: 10 }, (_, index) => `db-${index}`));
  const joined = lines.at(-1)![1].joined as string[];
  assert.deepEqual([joined.length, joined.at(-1)], [10, 'db-9']);
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { MemberRows, type TableView } from '../../../src/cli/watch/member-rows.ts';
import { span, tableOf } from '../../../src/cli/watch/table.ts';
import { screenOf } from '../../../src/cli/watch/terminal-table.ts';
import type { GroupStatus } from '../../../src/client/group-events.ts';
import type { Member } from '../../../src/watcher/protocol.ts';

const member = (name: string, more: Partial<Member> = {}): Member => ({
  uid: `uid-${name}`,
  name,
  namespace: 'shop',
  addresses: ['10.0.0.1'],
  ports: {},
  ready: true,
  serving: true,
  terminating: false,
  zone: 'zone-a',
  node: 'node-1',
  ...more,
});
const FRESH: GroupStatus = { stale: false, reason: undefined, message: undefined, since: new Date(0) };
const change = { left: [], joined: [], changed: [] };

function viewOf(rows: MemberRows, now: number, more: Partial<TableView> = {}, status = FRESH): TableView {
  const group = { members: new Map(), revision: 7, status, synced: true };
  return { title: 'service/db in shop', group, rows: rows.list(now), own: undefined, waiting: null, ...more };
}
const wide = { columns: 100, rows: 24, colours: false };

describe('the table', () => {
  const rows = new MemberRows();
  rows.apply({ ...change, joined: [member('db-0'), member('db-10'), member('db-2', { ready: false })] }, 0);
  rows.apply({ ...change, joined: [member('db-3')] }, 5000);
  rows.apply({ ...change, left: [member('db-0')], changed: [member('db-2', { terminating: true })] }, 8000);

  test('has who is there since when, in the order of their numbers, and for a while who left', () => {
    assert.deepEqual(tableOf(viewOf(rows, 9000), 9000, wide), [
      'service/db in shop: 3 members, 3 ready, revision 7',
      '= fresh: this is what the API says',
      'MEMBER  READY    AGE          ZONE    NODE',
      'db-0    left     left 1s ago  zone-a  node-1',
      'db-2    leaving  >9s          zone-a  node-1',
      'db-3    yes      4s           zone-a  node-1',
      'db-10   yes      >9s          zone-a  node-1',
    ]);
    assert.equal(tableOf(viewOf(rows, 30_000), 30_000, wide).length, 6);
  });

  test('says that it is stale, and why, in words and not by its colour alone', () => {
    const stale = { ...FRESH, stale: true, reason: 'forbidden', message: 'no\x1b[2J right' } as const;
    const [, state] = tableOf(viewOf(rows, 9000, {}, stale), 9000, wide);
    assert.equal(state, '! STALE (forbidden) since 00:00:00: no\\u001b[2J right');
  });

  test('says on a narrow screen all of why it is stale, and keeps within its lines', () => {
    const message =
      'no EndpointSlice for service "db" in namespace "shop"; create the Service, or correct its name; one without a ' +
      'selector needs EndpointSlices of its own, and one of type ExternalName has no members';
    const stale = { ...FRESH, stale: true, reason: 'partial', message } as const;
    const narrow = { columns: 80, rows: 9, colours: false };
    const lines = tableOf(viewOf(rows, 9000, {}, stale), 9000, narrow);
    assert.ok(
      lines.every(({ length }) => length <= 80),
      lines.join('\n'),
    );
    assert.ok(lines.length < 9, `${lines.length} lines`);
    const high = tableOf(viewOf(rows, 9000, {}, stale), 9000, { ...narrow, rows: 24 });
    assert.equal(high.slice(1, 4).join(' '), `! STALE (partial) since 00:00:00: ${message}`);
    const word = { ...stale, message: 'x'.repeat(400) };
    const cutShort = tableOf(viewOf(rows, 9000, {}, word), 9000, { ...narrow, rows: 24 });
    assert.deepEqual(
      cutShort.slice(1, 5).map(({ length }) => length <= 80),
      Array(4).fill(true),
    );
    assert.ok(cutShort[4]!.endsWith('…'));
  });

  test('is never higher than the screen, since it is drawn over itself', () => {
    const why = 'a sentence of many words '.repeat(20);
    const stale = { ...FRESH, stale: true, reason: 'partial', message: why } as const;
    const own = { state: 'unknown', why } as const;
    const crowd = new MemberRows();
    crowd.apply({ ...change, joined: Array.from({ length: 50 }, (_, index) => member(`db-${index}`)) }, 0);
    for (let height = 7; height <= 40; height += 1) {
      const screen = { columns: 80, rows: height, colours: false };
      for (const waiting of [null, 'the application waits for "3"', why]) {
        const lines = tableOf(viewOf(crowd, 9000, { own, waiting }, stale), 9000, screen);
        assert.ok(lines.length < height, `${lines.length} lines on a screen of ${height}`);
      }
    }
  });

  test('says how the own sidecar of a pod sees it', () => {
    const own = {
      state: 'behind',
      why: 'it has not seen the last change',
      revision: 6,
      behindSince: 6000,
    } as const;
    const [, , line] = tableOf(viewOf(rows, 9000, { own }), 9000, wide);
    assert.equal(line, '! its own sidecar: behind, revision 6, for 3s: it has not seen the last change');
  });

  test('says what the application of the pod waits for', () => {
    const own = { state: 'same', why: 'it sees what the API says' } as const;
    const waiting = 'the application waits for "3": 2 of 3 members';
    assert.equal(tableOf(viewOf(rows, 9000, { own, waiting }), 9000, wide)[3], `! ${waiting}`);
  });

  test('no line is longer than the screen is wide, with colours or without, nor has it more lines', () => {
    const many = new MemberRows();
    const long = (index: number) => member(`a-deployment-of-a-long-name-${index}`, { node: 'n'.repeat(60) });
    many.apply({ ...change, joined: Array.from({ length: 50 }, (_, index) => long(index)) }, 0);
    for (const columns of [40, 60, 80, 200]) {
      for (const colours of [true, false]) {
        const lines = tableOf(viewOf(many, 1000), 1000, { columns, rows: 20, colours });
        assert.ok(lines.length <= 20, `${lines.length} lines`);
        assert.match(stripVTControlCharacters(lines.at(-1)!), /^and 36 more/);
        for (const line of lines) assert.ok(stripVTControlCharacters(line).length <= columns, line);
        assert.equal(
          lines.some((line) => line.includes('\x1b')),
          colours,
        );
      }
    }
  });
});

test('colours are for a terminal, and not where NO_COLOR or TERM say so', () => {
  const stdout = { write() {}, isTTY: true, columns: 120, rows: 40 };
  assert.deepEqual(screenOf({ stdout, env: {} }), { columns: 120, rows: 40, colours: true });
  assert.equal(screenOf({ stdout, env: { NO_COLOR: '1' } }).colours, false);
  assert.equal(screenOf({ stdout, env: { NO_COLOR: '' } }).colours, true);
  assert.equal(screenOf({ stdout, env: { TERM: 'dumb' } }).colours, false);
  assert.deepEqual(screenOf({ stdout: { write() {} }, env: {} }), { columns: 80, rows: 24, colours: false });
});

test('ages are as kubectl shows them', () => {
  const minute = 60_000;
  assert.deepEqual([-1, 0, 119_999, 2 * minute, 2 * 60 * minute, 3 * 24 * 60 * minute].map(span), [
    '0s',
    '0s',
    '119s',
    '2m',
    '2h',
    '3d',
  ]);
});

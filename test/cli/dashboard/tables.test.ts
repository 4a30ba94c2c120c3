import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { QuestionPace } from '../../../src/cli/dashboard/question-pace.ts';
import type { MemberRow, SourceRow } from '../../../src/cli/dashboard/rows.ts';
import { Tables } from '../../../src/cli/dashboard/tables.ts';

const source = (name: string, stale = false): SourceRow => ({ name, stale, why: '' });
const member = (group: string, name: string): MemberRow => ({
  group,
  uid: name,
  name,
  ready: true,
  leaving: false,
  zone: '',
  node: '',
});

describe('the tables', () => {
  test('tell what changed since the last time, and nothing of what was put again as it is', () => {
    const tables = new Tables();
    tables.put('sources', 'pods', source('pods'));
    tables.put('sources', 'slices', source('slices'));
    tables.take();
    tables.put('sources', 'pods', source('pods'));
    assert.equal(tables.take()(''), undefined);
    tables.put('sources', 'pods', source('pods', true));
    tables.drop('sources', 'slices');
    tables.drop('sources', 'never there');
    assert.deepEqual(tables.take()(''), {
      tables: { sources: { set: [['pods', source('pods', true)]], gone: ['slices'] } },
    });
    assert.deepEqual(tables.whole('').tables.sources!.set, [['pods', source('pods', true)]]);
  });

  test('tell of a group whoever looks at it, and nobody else, also that somebody is gone', () => {
    const tables = new Tables();
    tables.put('members', 'a 1', member('a', '1'));
    tables.put('members', 'b 2', member('b', '2'));
    const first = tables.take();
    assert.deepEqual(
      first('a')!.tables.members!.set.map(([key]) => key),
      ['a 1'],
    );
    assert.equal(first(''), undefined);
    assert.deepEqual(
      tables.whole('b').tables.members!.set.map(([key]) => key),
      ['b 2'],
    );
    tables.drop('members', 'a 1');
    const second = tables.take();
    assert.deepEqual(second('a')!.tables.members!.gone, ['a 1']);
    assert.equal(second('b'), undefined);
  });
});

describe('the pace of questions', () => {
  test('whoever was not asked for the longest time is next, and nobody again within 2 s', () => {
    const pace = new QuestionPace();
    const all = ['a', 'b'];
    const asked = (now: number) => {
      const one = pace.next(all, now);
      if (one !== undefined) pace.answered(one);
      return one;
    };
    assert.deepEqual([0, 20, 40, 1999, 2000, 2020, 2040].map(asked), [
      'a',
      'b',
      undefined,
      undefined,
      'a',
      'b',
      undefined,
    ]);
  });

  test('those that do not answer hold up nobody but themselves, up to 16 at once', () => {
    const pace = new QuestionPace();
    const all = Array.from({ length: 20 }, (_, index) => `${index}`);
    for (let index = 0; index < 16; index += 1) assert.equal(pace.next(all, 0), `${index}`);
    assert.equal(pace.next(all, 0), undefined);
    pace.answered('3');
    assert.equal(pace.next(all, 5000), '16', 'the one that was never asked goes before the one that was');
  });
});

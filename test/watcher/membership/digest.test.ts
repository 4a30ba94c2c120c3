import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { digestOf, latestDigest } from '../../../src/watcher/membership/digest.ts';
import type { Member } from '../../../src/watcher/protocol.ts';
import { member } from '../scripted-source.ts';

const MEMBER = member('a', { name: 'db-0' });

const uids = fc.uniqueArray(fc.uuid(), { minLength: 1, maxLength: 20 });

test('whoever sees the same has the same digest, in whatever order it was heard', () => {
  fc.assert(
    fc.property(uids, fc.func(fc.boolean()), (all, ready) => {
      const members = all.map((uid) => ({ uid, ready: ready(uid) }));
      assert.equal(digestOf(members), digestOf(members.toReversed()));
    }),
  );
});

test('one member less, or one that is not ready, is another digest', () => {
  fc.assert(
    fc.property(uids, (all) => {
      const members = all.map((uid) => ({ uid, ready: true }));
      const [first, ...others] = members;
      assert.notEqual(digestOf(members), digestOf(others));
      assert.notEqual(digestOf(members), digestOf([{ ...first!, ready: false }, ...others]));
    }),
  );
});

test('it can be worked out from the uids by anybody who knows them, and survives a metric', () => {
  const lines = 'a 0\nb 1\n';
  const expected = Number(`0x${createHash('sha256').update(lines).digest('hex').slice(0, 12)}`);
  const digest = digestOf([
    { uid: 'b', ready: true },
    { uid: 'a', ready: false },
  ]);
  assert.equal(digest, expected);
  assert.ok(Number.isSafeInteger(digest) && `${digest}` === `${Number(`${digest}`)}`);
});

test('it is worked out once for each revision, however often it is asked for', () => {
  let walks = 0;
  const members = new Map<string, Member>([['a', MEMBER]]);
  const values = members.values.bind(members);
  members.values = () => {
    walks += 1;
    return values();
  };
  const group = { synced: false, revision: 0, members };
  const digest = latestDigest(group);
  assert.equal(digest(), undefined);
  Object.assign(group, { synced: true, revision: 1 });
  assert.equal(digest(), digestOf([MEMBER]));
  assert.equal(digest(), digestOf([MEMBER]));
  assert.equal(walks, 1);
  group.revision = 2;
  digest();
  assert.equal(walks, 2);
});

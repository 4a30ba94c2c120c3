import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { FactsOfPod } from '../../../src/watcher/kubernetes/pod-labels.ts';
import { Labelled } from '../../../src/watcher/membership/labelled.ts';
import { Union } from '../../../src/watcher/membership/union.ts';
import { member } from '../scripted-source.ts';

const UIDS = ['u0', 'u1', 'u2', 'u3'];

const part = fc.uniqueArray(fc.constantFrom(...UIDS), { maxLength: 3 });
const parts = fc.dictionary(fc.constantFrom('a', 'b'), part);
const facts = fc.record(
  {
    labels: fc.record({ role: fc.constantFrom('primary', 'replica') }, { noNullPrototype: true }),
    deadline: fc.constant('2026-01-01T00:00:00Z'),
  },
  { requiredKeys: ['labels'], noNullPrototype: true },
);
const pods = fc.dictionary(fc.constantFrom('p0', 'p1', 'p2'), fc.option(facts, { nil: undefined }));

test('whatever comes first, members have what their pods say, and nobody else has it', () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ parts, listed: fc.boolean() }),
      pods.map((given) => ({ pods: given })),
    ),
  );
  fc.assert(
    fc.property(steps, parts, pods, (history, lastParts, lastPods) => {
      const labelled = new Labelled();
      const union = new Union();
      let told = new Map<string, string[]>();
      for (const step of [...history, { parts: lastParts, listed: false }, { pods: lastPods }]) {
        if ('parts' in step) {
          const next = new Map(Object.entries(step.parts));
          if (step.listed) {
            labelled.replace(new Map([...next].map(([key, uids]) => [key, uids.map((uid) => member(uid))])));
            union.apply({ type: 'replace', parts: labelled.all() });
            told = next;
            continue;
          }
          for (const key of told.keys()) if (!next.has(key)) union.apply(labelled.delete(key));
          for (const [key, uids] of next)
            union.apply(
              labelled.set(
                key,
                uids.map((uid) => member(uid)),
              ),
            );
          told = next;
        } else {
          for (const event of labelled.replacePods(podsOf(step.pods))) union.apply(event);
        }
        union.change();
      }
      const fresh = new Union();
      const again = new Labelled();
      again.replacePods(podsOf(lastPods));
      again.replace(new Map([...told].map(([key, uids]) => [key, uids.map((uid) => member(uid))])));
      fresh.apply({ type: 'replace', parts: again.all() });
      fresh.change();
      assert.deepEqual(Object.fromEntries(union.members), Object.fromEntries(fresh.members));
      for (const [uid, one] of union.members) {
        const { labels, deadline } = lastPods[`p${uid.slice(1)}`] ?? {};
        assert.deepEqual([one.labels, one.deadline], [labels, deadline]);
      }
    }),
  );
});

/** Pod `p0` has the uid `u0`. */
function podsOf(given: Record<string, FactsOfPod['facts'] | undefined>): Map<string, FactsOfPod[]> {
  return new Map(
    Object.entries(given).map(([name, said]) => [
      name,
      said === undefined ? [] : [{ uid: `u${name.slice(1)}`, facts: said }],
    ]),
  );
}

test('a pod that comes back under its name takes nothing of the one before', () => {
  const labelled = new Labelled();
  labelled.set('a', [member('old'), member('new')]);
  labelled.setPod('db-0', { uid: 'old', facts: { labels: { role: 'primary' } } });
  const [told, ...more] = labelled.setPod('db-0', { uid: 'new', facts: { labels: { role: 'replica' } } });
  assert.deepEqual(told?.type === 'set' && told.members.map(({ uid, labels }) => [uid, labels?.role]), [
    ['old', undefined],
    ['new', 'replica'],
  ]);
  assert.equal(more.length, 0);
  assert.deepEqual(labelled.setPod('other', { uid: 'nobody', facts: { labels: {} } }), []);
});

test('a pod that says the same again, or is gone already, changes nothing', () => {
  const labelled = new Labelled();
  labelled.set('a', [member('u0')]);
  const primary = { uid: 'u0', facts: { labels: { role: 'primary' } } };
  assert.equal(labelled.setPod('db-0', primary).length, 1);
  assert.deepEqual(labelled.setPod('db-0', structuredClone(primary)), []);
  assert.equal(labelled.setPod('db-0', undefined).length, 1);
  assert.deepEqual(labelled.setPod('db-0', undefined), []);
});

test('a part that is not in a list is forgotten, with what its pods say', () => {
  const labelled = new Labelled();
  const [one, other] = [member('u0'), member('u1')];
  labelled.replace(
    new Map([
      ['a', [one]],
      ['b', [other]],
    ]),
  );
  labelled.replace(new Map([['b', [other]]]));
  assert.deepEqual([...labelled.all()], [['b', [other]]]);
  assert.deepEqual(labelled.setPod('p0', { uid: 'u0', facts: { labels: { role: 'x' } } }), []);
});

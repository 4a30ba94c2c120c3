import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubernetesObject, Listed } from '../../../src/watcher/kubernetes/collection.ts';
import { Store } from '../../../src/watcher/kubernetes/store.ts';
import type { SourceEvent } from '../../../src/watcher/source.ts';

/** A store of objects of namespace `prod`, ordered by when they were made; of each its uid and its turn are kept. */
function stored(given: Partial<Listed<string>> = {}) {
  const store = new Store<string>({
    path: '/x',
    namespace: 'prod',
    emptyMeans: 'there is none',
    members: ({ uid }) => [`${uid} is new`],
    again: ({ uid }, [before]) => [`${uid} after ${before}`],
    order: ({ made }) => `${made}`,
    ...given,
  });
  const tell = (type: string, object: KubernetesObject) => {
    const told: string[] = [];
    store.change({ type, version: '1', object }, (said: SourceEvent<string>) => {
      if (said.type === 'set') told.push(`set ${said.key}: ${said.members}`);
      else told.push(said.type === 'delete' ? `delete ${said.key}` : said.type);
    });
    return told;
  };
  return { store, tell };
}

const db = (uid: string, made: number, namespace?: string): KubernetesObject => ({
  metadata: { name: 'db', ...(namespace === undefined ? {} : { namespace }) },
  uid,
  made,
});

test('what was made of an object is given when it changes, and forgotten when it is deleted', () => {
  const { tell } = stored();
  assert.deepEqual(tell('ADDED', db('u0', 1)), ['set 1 db: u0 is new']);
  assert.deepEqual(tell('MODIFIED', db('u0', 1)), ['set 1 db: u0 after u0 is new']);
  assert.deepEqual(tell('DELETED', db('u0', 1)), ['delete 1 db']);
  assert.deepEqual(tell('ADDED', db('u0', 1)), ['set 1 db: u0 is new']);
});

test('an object that was made again under its name takes the place of the one before, seen to go or not', () => {
  const { store, tell } = stored();
  // Keys have their order from a list on.
  store.replace(new Map());
  tell('ADDED', db('u0', 1));
  assert.deepEqual(tell('ADDED', db('u1', 2)), ['delete 1 db', 'set 2 db: u1 is new']);
  assert.deepEqual(tell('ADDED', db('u0', 1)), ['delete 2 db', 'set 1 db: u0 is new']);
  assert.deepEqual(tell('DELETED', db('u0', 1)), ['delete 1 db']);
  assert.deepEqual(tell('ADDED', db('u2', 3)), ['set 3 db: u2 is new'], 'the one before is gone already');
});

test('an object that names no namespace is of the one that was asked for, and one that names another is not', () => {
  const { tell } = stored();
  for (const namespace of [undefined, '', 'prod'])
    assert.equal(tell('ADDED', db('u0', 1, namespace)).length, 1, namespace);
  assert.throws(() => tell('ADDED', db('u0', 1, 'other')), /an object of the namespace "other"/);
});

test('a list of nobody is not to be trusted until an object was seen', () => {
  const { store, tell } = stored();
  const partialOf = () => {
    const said = store.replace(new Map());
    return said.type === 'replace' ? said.partial : said.type;
  };
  assert.equal(partialOf(), 'there is none');
  tell('ADDED', db('u0', 1));
  assert.equal(partialOf(), undefined);
});

test('a streaming list gathers what comes and lets go of what is deleted, until its last bookmark', () => {
  const { store } = stored();
  const parts = new Map<string, readonly string[]>();
  const gather = (type: string, object: KubernetesObject) =>
    store.gatherEvent({ type, version: '1', object }, parts);
  const bookmark = (value: string): KubernetesObject => ({
    metadata: { annotations: { 'k8s.io/initial-events-end': value } },
  });
  const other = { ...db('u1', 2), metadata: { name: 'other' } };
  assert.equal(gather('ADDED', db('u0', 1)), false);
  assert.equal(gather('MODIFIED', other), false);
  assert.equal(gather('BOOKMARK', { metadata: {} }), false);
  assert.equal(gather('BOOKMARK', bookmark('false')), false);
  assert.deepEqual([...parts.keys()], ['1 db', '2 other']);
  assert.equal(gather('DELETED', db('u0', 1)), false);
  assert.deepEqual([...parts], [['2 other', ['u1 is new']]]);
  assert.equal(gather('BOOKMARK', bookmark('true')), true);
  assert.throws(() => gather('RENAMED', other), /unknown type "RENAMED"/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { podLabels } from '../../../src/watcher/kubernetes/pod-labels.ts';
import { Corrupt } from '../../../src/watcher/lines.ts';
import { silent } from '../../../src/watcher/log.ts';
import { Malformed } from '../../../src/watcher/membership/malformed.ts';

const pod = (metadata: object) => ({ metadata: { name: 'db-0', uid: 'u0', ...metadata } });

function collection() {
  const malformed = new Malformed(silent);
  return { malformed, ...podLabels('team a', ['role', 'zone'], malformed) };
}

test('the metadata of the pods of a namespace is asked for, as an object and as a list', () => {
  const { path, accept, namespace } = collection();
  assert.equal(path, '/api/v1/namespaces/team%20a/pods');
  assert.equal(namespace, 'team a');
  assert.match(accept?.object ?? '', /;as=PartialObjectMetadata;g=meta\.k8s\.io;v=v1$/);
  assert.match(accept?.list ?? '', /;as=PartialObjectMetadataList;g=meta\.k8s\.io;v=v1$/);
});

test('a pod is kept with what it says, and one that says nothing is not', () => {
  const { members } = collection();
  assert.deepEqual(members(pod({ labels: { role: 'voter', other: 'x' } })), [
    { uid: 'u0', facts: { labels: { role: 'voter' } } },
  ]);
  assert.deepEqual(members(pod({ deletionTimestamp: '2026-11-26T09:00:00Z' })), [
    { uid: 'u0', facts: { deadline: '2026-11-26T09:00:00Z' } },
  ]);
  assert.deepEqual(members(pod({ labels: { other: 'x' } })), []);
  assert.deepEqual(members(pod({ uid: 'no uid', labels: { role: 'voter' } })), []);
});

test('a value that no label could have is left out and counted, and a pod without a uid is corrupt', () => {
  const { members, malformed } = collection();
  assert.deepEqual(members(pod({ labels: { role: 'a b', zone: '' } })), [
    { uid: 'u0', facts: { labels: { zone: '' } } },
  ]);
  assert.equal(malformed.count, 1);
  assert.throws(() => members(pod({ uid: null })), Corrupt);
});

/** A value that breaks the rules of the API is counted and logged under the name of its field. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sliceMembers } from '../../../src/watcher/kubernetes/endpoint-slices.ts';
import { podMembers } from '../../../src/watcher/kubernetes/pods.ts';
import { Malformed } from '../../../src/watcher/membership/malformed.ts';
import { RecordedLog } from '../recorded-log.ts';

const perspective = {
  group: { namespace: 'prod', service: 'db' },
  clusterDomain: 'cluster.local',
  memberLabels: ['role'],
};
const BAD = 'no such thing';

/** Returns the fields that are logged while an object is read, with the objects that they are of. */
function noted(read: (malformed: Malformed) => unknown): string[] {
  const log = new RecordedLog();
  read(new Malformed(log));
  return log.said(/^a malformed value is left out$/).map(({ field, of }) => `${field} of ${of}`);
}

test('of a pod', () => {
  const sound = { name: 'db-0', uid: 'u0', namespace: 'prod' };
  const status = { podIP: '10.0.0.1' };
  const port = (name: string, containerPort: number) => ({
    containers: [{ ports: [{ name, containerPort }] }],
  });
  const cases: [field: string, metadata: object, spec: object, status: object][] = [
    ['uid', { uid: BAD }, {}, {}],
    ['namespace', { namespace: BAD }, {}, {}],
    ['address', {}, {}, { podIPs: [{ ip: BAD }] }],
    ['subdomain', {}, { subdomain: BAD }, {}],
    ['hostname', {}, { hostname: BAD }, {}],
    ['nodeName', {}, { nodeName: BAD }, {}],
    ['zone', { labels: { 'topology.kubernetes.io/zone': BAD } }, {}, {}],
    ['label', { labels: { role: BAD } }, {}, {}],
    ['deletionTimestamp', { deletionTimestamp: BAD }, {}, {}],
    ['port name', {}, port(BAD, 1), {}],
    ['port', {}, port('sql', 0), {}],
  ];
  const read = (metadata: object, spec: object, more: object) =>
    noted((malformed) =>
      podMembers(
        { metadata: { ...sound, ...metadata }, spec, status: { ...status, ...more } },
        perspective,
        malformed,
      ),
    );
  assert.deepEqual(read({}, {}, {}), []);
  for (const [field, ...given] of cases) assert.deepEqual(read(...given), [`${field} of db-0`]);
  assert.deepEqual(read({ name: BAD }, {}, {}), [`name of ${BAD}`]);
});

test('of a slice', () => {
  const sound = { addresses: ['10.0.0.1'], targetRef: { name: 'db-0', uid: 'u0' } };
  const target = (fields: object) => ({ targetRef: { ...sound.targetRef, ...fields } });
  const cases: [field: string, endpoint: object, slice: object][] = [
    ['uid', target({ uid: BAD }), {}],
    ['name', target({ name: BAD }), {}],
    ['namespace', target({ namespace: BAD }), {}],
    ['address', { addresses: ['10.0.0.1', BAD] }, {}],
    ['hostname', { hostname: BAD }, {}],
    ['nodeName', { nodeName: BAD }, {}],
    ['zone', { zone: BAD }, {}],
    ['port name', {}, { ports: [{ name: BAD, port: 1 }] }],
    ['port', {}, { ports: [{ name: 'sql', port: 0 }] }],
    [
      'kubernetes.io/service-name',
      {},
      { metadata: { name: 'a', labels: { 'kubernetes.io/service-name': 'other' } } },
    ],
  ];
  const read = (endpoint: object, slice: object) =>
    noted((malformed) =>
      sliceMembers(
        { metadata: { name: 'a' }, endpoints: [{ ...sound, ...endpoint }], ...slice },
        perspective,
        undefined,
        malformed,
      ),
    );
  assert.deepEqual(read({}, {}), []);
  for (const [field, ...given] of cases) assert.deepEqual(read(...given), [`${field} of a`]);
});

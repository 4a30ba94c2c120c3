import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ApiError, statusError } from '../../../src/watcher/kubernetes/api-error.ts';
import { sliceMembers } from '../../../src/watcher/kubernetes/endpoint-slices.ts';
import { haveOthersEnded } from '../../../src/watcher/kubernetes/own-pod.ts';
import { parseEvent, parsePage, parseStatus } from '../../../src/watcher/kubernetes/parse-response.ts';
import { podMembers } from '../../../src/watcher/kubernetes/pods.ts';
import { SharedTexts } from '../../../src/watcher/kubernetes/shared-texts.ts';
import { Corrupt } from '../../../src/watcher/lines.ts';
import { Malformed } from '../../../src/watcher/membership/malformed.ts';
import type { Member } from '../../../src/watcher/protocol.ts';
import { endpointSlice, podEndpoint } from '../../support/endpoint-slices.ts';
import { RecordedLog } from '../recorded-log.ts';
import { assertSound } from '../sound-member.ts';
import { places, spoilt, WRONG } from '../wrong-values.ts';

const group = { namespace: 'prod', service: 'db' };
const perspective = { group, clusterDomain: 'cluster.local', self: { uid: 'u0' } };

const slice = {
  ...endpointSlice({
    ...group,
    endpoints: [
      podEndpoint({ name: 'db-0', uid: 'u0', ip: ['10.0.0.1', '10.0.0.2'], serving: true }),
      { addresses: ['10.0.0.3'], conditions: {} },
    ],
    ports: [
      { name: 'sql', port: 5432 },
      { name: '', port: 1 },
    ],
  }),
};

const pod = {
  metadata: {
    name: 'db-0',
    namespace: 'prod',
    uid: 'u0',
    resourceVersion: '7',
    deletionTimestamp: '2026-08-01T12:00:00Z',
    labels: { 'topology.kubernetes.io/zone': 'zone-a' },
    annotations: { a: 'b' },
  },
  spec: {
    hostname: 'db-0',
    subdomain: 'db',
    nodeName: 'node-a',
    restartPolicy: 'Never',
    containers: [{ name: 'db', ports: [{ name: 'sql', containerPort: 5432 }] }],
  },
  status: {
    phase: 'Running',
    podIP: '10.0.0.1',
    podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }],
    conditions: [{ type: 'Ready', status: 'True' }],
    containerStatuses: [{ name: 'db', state: { terminated: { exitCode: 0 } } }],
  },
};

/** The outcome where the bytes are not trusted; any other error is a fault of ours. */
function orCorrupt<T>(read: () => T, context: string): T | undefined {
  try {
    return read();
  } catch (error) {
    assert.ok(error instanceof Corrupt, `${context}: ${(error as Error).stack}`);
    return undefined;
  }
}

function everySpoilt(value: object, judge: (value: never, context: string) => void): void {
  for (const place of places(value)) {
    for (const wrong of WRONG) {
      const context = `${place.join('.')} = ${JSON.stringify(wrong)?.slice(0, 60)}`;
      judge(JSON.parse(JSON.stringify(spoilt(value, place, wrong))) as never, context);
    }
  }
}

describe('every place times every wrong value is corrupt, or enters no member', () => {
  const judged = (whole: object, members: (object: never) => Member[]) =>
    everySpoilt(whole, (object, context) => {
      // The whole of it has been looked at by then: an item of a list, or the object of an event.
      if (typeof object !== 'object' || object === null || Array.isArray(object)) return;
      for (const member of orCorrupt(() => members(object), context) ?? []) assertSound(member, context);
    });

  test('an EndpointSlice', () => judged(slice, (object) => sliceMembers(object, perspective)));

  test('a Pod', () => judged(pod, (object) => podMembers(object, perspective)));

  test('an event of a watch', () => {
    everySpoilt({ type: 'MODIFIED', object: pod }, (event, context) => {
      const read = orCorrupt(() => parseEvent(JSON.stringify(event)), context);
      if (read === undefined) return;
      assert.equal(typeof read.type, 'string', context);
      assert.ok(typeof read.version === 'string' && read.version !== '', context);
      orCorrupt(() => podMembers(read.object, perspective), context);
    });
  });

  test('a page of a list', () => {
    const page = { metadata: { resourceVersion: '9', continue: 'more' }, items: [slice] };
    everySpoilt(page, (answer, context) => {
      const read = orCorrupt(() => parsePage(JSON.stringify(answer)), context);
      if (read === undefined) return;
      assert.equal(typeof read.next, 'string', context);
      for (const item of read.items) orCorrupt(() => sliceMembers(item, perspective), context);
    });
  });

  test('the pod that the sidecar is in', () => {
    everySpoilt(pod, (object, context) => {
      if (typeof object !== 'object' || object === null || Array.isArray(object)) return;
      const ended = orCorrupt(() => haveOthersEnded(object), context);
      assert.ok(ended === undefined || typeof ended === 'boolean', context);
    });
  });

  test('an error, which is one whatever is wrong with it', () => {
    const status = {
      code: 429,
      reason: 'TooManyRequests',
      message: 'slow down',
      details: { retryAfterSeconds: 1, causes: [{ reason: 'ResourceVersionTooLarge' }] },
    };
    const judge = (error: ApiError, context: string) => {
      assert.ok(error instanceof ApiError, context);
      assert.equal(typeof error.status, 'number', context);
      assert.ok(error.retryAfterMs >= 0 && error.retryAfterMs < 1e6, context);
      assert.ok(
        error.causes.every((cause) => typeof cause === 'string'),
        context,
      );
      assert.ok(error.message.length < 1000, context);
    };
    everySpoilt(status, (answer, context) => {
      const text = JSON.stringify(answer);
      judge(statusError(parseStatus(text, 503), 'response'), context);
      if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return;
      assert.throws(
        () => parseEvent(`{"type":"ERROR","object":${text}}`),
        (error) => judge(error as ApiError, context) === undefined,
      );
    });
  });
});

describe('a value that the API could never have made', () => {
  const read = (endpoint: object, more: object = {}) => {
    const log = new RecordedLog();
    const malformed = new Malformed(log);
    const object = { ...slice, ...more, endpoints: [{ addresses: ['10.0.0.1'], ...endpoint }] };
    const members = () => sliceMembers(object as never, perspective, new SharedTexts(), malformed);
    return { members, malformed, log };
  };

  for (const [field, endpoint] of Object.entries({
    name: { targetRef: { name: 'db-0\n10.6.6.6' } },
    uid: { targetRef: { uid: 'u\u0000' } },
    namespace: { targetRef: { namespace: 'a b' } },
    address: { addresses: ['10.0.0.1\n10.6.6.6'] },
  })) {
    test(`makes the member malformed, which is counted, and logged once > ${field}`, () => {
      const { members, malformed, log } = read(endpoint);
      assert.deepEqual(members(), []);
      members();
      assert.equal(malformed.count, 2);
      const [said, ...again] = log.said(/^a malformed value is left out$/);
      assert.deepEqual([said?.field, said?.of, again.length], [field, 'db-x7k2p', 0]);
    });
  }

  for (const [field, endpoint, lacks] of [
    ['hostname', { hostname: 'db-0\n' }, 'hostname'],
    ['nodeName', { nodeName: 'node\u001b[0m' }, 'node'],
    ['zone', { zone: 'a\nb' }, 'zone'],
  ] as const) {
    test(`is left out where the member is sound without it > ${field}`, () => {
      const { members, malformed } = read(endpoint);
      const [member] = members();
      assert.deepEqual([member?.name, member?.[lacks], malformed.count], ['10.0.0.1', undefined, 1]);
    });
  }

  test('is left out where the member is sound without it > one of several addresses, and a port', () => {
    const ports = [
      { name: 'a\nb', port: 1 },
      { name: 'b', port: 70_000 },
      { name: 'c', port: 3 },
    ];
    const { members, malformed } = read({ addresses: ['10.0.0.1', 'fe80::1%eth0'] }, { ports });
    const [member] = members();
    assert.deepEqual([member?.addresses, member?.ports, malformed.count], [['10.0.0.1'], { c: 3 }, 3]);
  });

  test('floods no log', () => {
    const log = new RecordedLog();
    const malformed = new Malformed(log);
    for (let index = 0; index < 1000; index += 1) malformed.note('zone', `${index}\n`.repeat(1000), 'slice');
    assert.deepEqual([malformed.count, log.entries.length], [1000, 100]);
    assert.ok(log.entries.every(({ fields }) => String(fields.value).length <= 100));
  });
});

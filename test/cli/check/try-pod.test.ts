import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Answers } from '../answering-api.ts';
import {
  CONFIGURATION,
  CREATE,
  ca,
  codesOf,
  configuration,
  fine,
  NAMESPACES,
  unwell,
} from './checked-cluster.ts';

describe('rollcall check', () => {
  test('a pod that is not injected, is refused, or may not be tried', async (t) => {
    const tried = async (status: number, body: unknown) => unwell(t, { [CREATE]: [status, body] });
    assert.deepEqual(await tried(201, { spec: { containers: [] } }), [
      ['fail dry-run: a pod that asks in default does not get the sidecar'],
      1,
    ]);
    assert.deepEqual(await tried(500, { message: 'no' }), [
      ["fail dry-run: a pod that asks in default can't be created: 500: no"],
      1,
    ]);
    const forbidden = { message: 'User "x" cannot create resource "pods" in API group ""' };
    assert.deepEqual(await tried(403, forbidden), [
      ['warn dry-run: you may not create pods in default, so none was tried'],
      0,
    ]);
  });

  test('a pod is tried where the webhook is asked about pods', async (t) => {
    const only = (...values: string[]) => ({
      ...configuration(ca, ca),
      webhooks: configuration(ca, ca).webhooks.map((entry) => ({
        ...entry,
        namespaceSelector: {
          matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values }],
        },
      })),
    });
    const world = (...values: string[]): Answers => ({
      [CONFIGURATION]: [200, only(...values)],
      [NAMESPACES]: [200, { items: ['default', 'trial', 'other'].map((name) => ({ metadata: { name } })) }],
      [CREATE]: [201, { spec: { containers: [] } }],
      [CREATE.replace('default', 'trial')]: fine[CREATE]!,
    });
    assert.deepEqual(await unwell(t, world('trial')), [[], 0]);
    const [none, code] = await unwell(t, world('later'));
    assert.match(
      none[0]!,
      /^warn dry-run: the webhook configuration leaves out every namespace \(its namespa/,
    );
    assert.deepEqual([none.length, code], [1, 0]);
    assert.deepEqual(await codesOf(t, world('trial'), '-n', 'other'), ['namespace-left-out']);
    const [unseen] = await unwell(t, { ...world('trial'), [NAMESPACES]: [403, { message: 'no' }] });
    const tried = unseen.find((line) => line.startsWith('warn dry-run'));
    assert.match(tried!, /: the webhook configuration leaves the namespace default out \(/);
    assert.deepEqual(await codesOf(t, world('other'), '-n', 'trial'), ['namespace-left-out']);
  });

  describe('what stands between the API server and the webhook is told apart', () => {
    const post = 'Post "https://rollcall.rollcall-system.svc:443/mutate?timeout=5s": ';
    const said = (why: string, webhook = 'pods.rollcall.dev') =>
      `Internal error occurred: failed calling webhook "${webhook}": failed to call webhook: ${why}`;
    const cases: readonly [sentence: string, code: string][] = [
      [said(`${post}context deadline exceeded`), 'call-timeout'],
      [said(`${post}dial tcp 10.0.0.9:8443: i/o timeout`), 'call-timeout'],
      [said(`${post}net/http: TLS handshake timeout`), 'call-timeout'],
      [said(`${post}dial tcp 10.0.0.9:8443: connect: no route to host`), 'call-timeout'],
      [said(`${post}No agent available`), 'call-timeout'],
      [said(`${post}write tcp 10.0.0.1:60046->10.0.0.2:443: write: broken pipe`), 'call-no-connection'],
      [said(`${post}http2: client connection lost`), 'call-no-connection'],
      [said(`${post}unexpected EOF`), 'call-no-connection'],
      [said(`${post}no endpoints available for service "rollcall"`), 'call-no-endpoints'],
      [said(`${post}service "rollcall" not found`), 'call-no-endpoints'],
      [said(`${post}dial tcp 10.0.0.9:8443: connect: connection refused`), 'call-no-connection'],
      [said(`${post}EOF`), 'call-no-connection'],
      [
        said(`${post}tls: failed to verify certificate: x509: certificate signed by unknown authority`),
        'call-certificate',
      ],
      [said('unable to load root certificates: unable to parse bytes as PEM block'), 'call-certificate'],
      [said('an error on the server ("internal fault") has prevented the request'), 'call-fault'],
      [said(`${post}context deadline exceeded`, 'pods.other.dev'), 'pod-refused'],
      ['admission webhook "pods.other.dev" denied the request: no', 'pod-refused'],
    ];
    for (const [message, code] of cases) {
      test(`${code}: ${message.slice(-60)}`, async (t) => {
        assert.deepEqual(await codesOf(t, { [CREATE]: [500, { message }] }), [code]);
      });
    }
  });
});

/** The whole program, `rollcall webhook`, beside the API double. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { PROCESS_METRICS, WEBHOOK_METRICS } from '../../src/metric-table.ts';
import { eventually } from '../support/eventually.ts';
import { described, metricSum, promised } from '../support/metrics.ts';
import { Rollcall } from '../support/rollcall.ts';
import { type Connected, connected } from './connected-client.ts';
import { operationsOf, podOf, reviewOf } from './reviews.ts';
import { get, keptConnection, post, type Target } from './running-server.ts';

const BINDING = '/apis/rbac.authorization.k8s.io/v1/namespaces/demo/rolebindings/rollcall-watcher';

async function start(
  t: TestContext,
  port = 0,
  flags: Record<string, string> = {},
): Promise<Connected & { program: Rollcall }> {
  const both = await connected(t);
  const { api, kubeconfig } = both;
  api.create('/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', {
    metadata: { name: 'rollcall' },
    webhooks: [{ name: 'pods.rollcall.dev', clientConfig: {} }],
  });
  api.create('/api/v1/namespaces', { metadata: { name: 'demo' } });
  const program = new Rollcall('webhook', { port, kubeconfig, image: 'rollcall:0.2.0', ...flags });
  t.after(() => program.kill());
  return { ...both, program };
}

/** Returns the port that it serves at, and the certificate that it has published. */
async function served({ api, program }: Connected & { program: Rollcall }): Promise<Target> {
  const port = await program.port();
  const configuration = api.get(
    '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/rollcall',
  );
  const [entry] = configuration!.webhooks as { clientConfig: { caBundle: string } }[];
  return { port, certificates: { cert: Buffer.from(entry!.clientConfig.caBundle, 'base64').toString() } };
}

test('it publishes its certificate, serves it, injects, and provides access', async (t) => {
  const started = await start(t);
  const target = await served(started);
  assert.equal((await get(target, '/readyz')).status, 200);
  const { json } = await post(target, reviewOf());
  assert.ok(operationsOf(json.response).some(({ path }) => path === '/spec/initContainers'));
  const { subjects } = started.api.get(BINDING) as { subjects: { name: string }[] };
  assert.deepEqual(
    subjects.map(({ name }) => name),
    ['rollcall-watcher'],
  );
  started.api.create('/api/v1/namespaces/demo/serviceaccounts', { metadata: { name: 'app' } });
  await post(target, reviewOf({ object: podOf('app') }));
  const bound = started.api.get(BINDING) as { subjects: { name: string }[] };
  assert.deepEqual(
    bound.subjects.map(({ name }) => name),
    ['rollcall-watcher', 'app'],
  );
  const unknown = await post(target, reviewOf({ namespace: 'unknown' }));
  assert.equal(unknown.status, 422, 'a namespace that is not there is no reason to let the pod through');
  const { text } = await get(target, '/metrics');
  assert.equal(metricSum(text, 'rollcall_admission_requests_total', { result: 'injected' }), 2);
  assert.match(text, /^rollcall_log_lines_dropped_total 0$/m);
  assert.deepEqual(described(text), promised([WEBHOOK_METRICS, PROCESS_METRICS]), 'the table');
  const expiry = metricSum(text, 'rollcall_certificate_expiry_timestamp_seconds');
  assert.ok(expiry > Date.now() / 1000 + 300 * 86_400);
  const begin = metricSum(text, 'rollcall_certificate_not_before_timestamp_seconds');
  assert.ok(begin < Date.now() / 1000 && begin > Date.now() / 1000 - 86_400);

  started.program.signal('SIGTERM');
  const draining = await eventually('word that it drains', async () => {
    const reply = await get(target, '/readyz');
    return reply.status === 503 && reply;
  });
  assert.equal(draining.json.problem, 'draining');
  const late = await post(target, reviewOf(), { agent: keptConnection(t) });
  assert.equal(late.status, 200, 'whoever has not heard is still served');
  assert.equal(late.headers.connection, 'close', 'and goes elsewhere before the connection is closed');
});

test('an owner reference that is null, on a pod that is skipped, ends no process', async (t) => {
  const started = await start(t);
  const target = await served(started);
  const labels = { 'rollcall.dev/injection': 'enabled' };
  started.api.create('/api/v1/namespaces', { metadata: { name: 'labelled', labels } });
  const object = {
    metadata: { ownerReferences: [null], annotations: { 'rollcall.dev/service': 'db' } },
    spec: { os: { name: 'windows' }, containers: [{ name: 'app', image: 'app' }] },
  };
  const { request } = reviewOf({ namespace: 'labelled' }) as { request: object };
  const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' };
  await post(target, { ...review, request: { ...request, object } });
  assert.equal((await post(target, reviewOf())).status, 200);
  assert.equal(started.program.exited, false);
});

test('a client CA that can not be used is named at the start; without it, names mean nothing', async (t) => {
  for (const [flags, sentence] of [
    [{ 'client-ca-file': '/nowhere/ca.pem' }, /^rollcall: --client-ca-file: "\/nowhere\/ca\.pem" .*ENOENT/],
    [{ 'client-name': 'kube-apiserver' }, /^rollcall: --client-name is given without --client-ca-file/],
  ] as const) {
    const { program } = await start(t, 0, flags as Record<string, string>);
    await eventually('end', () => program.exited);
    assert.equal(program.exitCode, 2);
    const [said, ...more] = program.output.filter((line) => !line.startsWith('{'));
    assert.match(said!, sentence);
    assert.deepEqual(more, []);
  }
});

test('a port that is taken is named, with the remedy and without a stack', async (t) => {
  const other = createServer().listen(0);
  t.after(() => other.close());
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const { program } = await start(t, port);
  await eventually('end', () => program.exited);
  assert.equal(program.exitCode, 2);
  // The log goes to stdout, and nothing orders the two pipes.
  const sentence = `rollcall: --port: "${port}" can't be listened on (EADDRINUSE); give another, or 0 for any`;
  assert.deepEqual(
    program.output.filter((line) => !line.startsWith('{')),
    [sentence],
  );
});

test('an interrupt ends it at once, and the last lines of the log are written all the same', async (t) => {
  const { program } = await start(t);
  await program.port();
  program.signal('SIGINT');
  await eventually('end', () => program.exited);
  assert.equal(program.exitCode, 0);
  assert.equal(program.logs().at(-1)?.message, 'stopped');
});

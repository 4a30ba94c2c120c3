import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, test } from 'node:test';
import { connect } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { jsonLog } from '../../src/log.ts';
import { Metrics } from '../../src/metrics.ts';
import { HOSTS } from '../../src/testing/start.ts';
import { issue } from '../../src/webhook/certificates/issue.ts';
import { Faults } from '../../src/webhook/faults.ts';
import { secureContext } from '../../src/webhook/server.ts';
import { metricSum } from '../support/metrics.ts';
import { operationsOf, reviewOf } from './reviews.ts';
import {
  get,
  keptConnection,
  open,
  post,
  type Reply,
  type Running,
  replyTo,
  startServer,
} from './running-server.ts';

const MIB = 1024 * 1024;

/** An error is JSON with one sentence, and tells nobody how the webhook is built. */
function assertProblem(reply: Reply, status: number, sentence: RegExp): void {
  assert.equal(reply.status, status, reply.text);
  assert.match(reply.headers['content-type'] ?? '', /^application\/json/);
  assert.deepEqual(Object.keys(reply.json), ['error']);
  assert.match(reply.json.error, sentence);
  assert.doesNotMatch(reply.text, /\n\s+at |\.ts:|node_modules/);
}

async function handshake(
  { port, certificates }: Running,
  maxVersion: 'TLSv1.2' | 'TLSv1.3',
  ca = certificates.cert,
) {
  const socket = connect({ port, host: '127.0.0.1', ca, maxVersion });
  try {
    await once(socket, 'secureConnect');
    return { protocol: socket.getProtocol(), certificate: socket.getPeerX509Certificate() };
  } finally {
    socket.destroy();
  }
}

describe('TLS', () => {
  test('1.3 is spoken, 1.2 refused, also after the certificate was replaced', async (t) => {
    const running = await startServer(t);
    const first = await handshake(running, 'TLSv1.3');
    assert.equal(first.protocol, 'TLSv1.3');
    await assert.rejects(handshake(running, 'TLSv1.2'), /protocol version|handshake/i);
    const next = await issue(HOSTS, new Date());
    running.server.setSecureContext(secureContext(next));
    const second = await handshake(running, 'TLSv1.3', next.cert);
    assert.notEqual(second.certificate?.fingerprint256, first.certificate?.fingerprint256);
    await assert.rejects(handshake(running, 'TLSv1.2', next.cert), /protocol version|handshake/i);
  });
});

describe('POST /mutate', () => {
  test('is asked by an API server with its patience in the query', async (t) => {
    const running = await startServer(t);
    const reply = await post(running, reviewOf(), { path: '/mutate?timeout=5s' });
    assert.deepEqual([reply.status, reply.json.response.allowed], [200, true]);
  });

  test('answers a review with a review, logs it and counts it', async (t) => {
    const running = await startServer(t);
    const { status, json, headers } = await post(running, reviewOf());
    assert.equal(status, 200);
    assert.deepEqual([json.apiVersion, json.kind], ['admission.k8s.io/v1', 'AdmissionReview']);
    assert.ok(json.response.allowed && operationsOf(json.response).length > 0);
    assert.equal(headers['x-powered-by'], undefined);
    // Beside the line of the access that was made for it.
    const { time: _time, ...line } = running.logs.find(({ message }) => message === 'admission')!;
    assert.deepEqual(line, {
      level: 'info',
      message: 'admission',
      uid: json.response.uid,
      namespace: 'demo',
      pod: 'db-0',
      result: 'injected',
    });
    const labels = { result: 'injected' };
    assert.equal(metricSum(running.metrics.text(), 'rollcall_admission_requests_total', labels), 1);
    assert.equal(metricSum(running.metrics.text(), 'rollcall_admission_duration_seconds_count'), 1);
    const text = running.metrics.text();
    const bounds = [...text.matchAll(/rollcall_admission_duration_seconds_bucket\{le="(.+)"\}/g)];
    assert.deepEqual(
      bounds.map(([, bound]) => bound),
      ['0.001', '0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '+Inf'],
    );
  });

  test('takes a body of 4 MiB, and nothing longer, even unread', async (t) => {
    const running = await startServer(t);
    const body = Buffer.alloc(4 * MIB, ' ');
    body.write(JSON.stringify(reviewOf()));
    assert.equal((await post(running, body)).status, 200);
    // Where the client would close the connection, the answer could be lost behind the body.
    const options = { agent: keptConnection(t) };
    assertProblem(await post(running, Buffer.alloc(4 * MIB + 1, ' '), options), 413, /at most 4194304 bytes/);
    const headers = { 'content-type': 'application/json', 'content-length': 1e12 };
    const endless = open(running, '/mutate', { method: 'POST', headers });
    endless.flushHeaders();
    assertProblem(await replyTo(endless), 413, /at most/);
    assert.equal((await post(running, reviewOf())).status, 200, 'others are not made to wait for it');
    endless.destroy();
  });

  test('asks for the length of the body', async (t) => {
    const running = await startServer(t);
    const headers = { 'content-type': 'application/json' };
    const request = open(running, '/mutate', { method: 'POST', headers });
    request.write('{}');
    request.end();
    assertProblem(await replyTo(request), 411, /Content-Length/);
  });

  test('says what is wrong with headers that Node would refuse without a word', async (t) => {
    const running = await startServer(t);
    const odd = async (options: object) => replyTo(open(running, '/healthz', options).end());
    assertProblem(await odd({ setHost: false }), 400, /Host/);
    assertProblem(await odd({ headers: { expect: '200-maybe' } }), 417, /100-continue/);
  });

  const bad: [what: string, body: string | Buffer, headers: Record<string, string>, status: number][] = [
    ['text', JSON.stringify(reviewOf()), { 'content-type': 'text/plain' }, 400],
    ['malformed JSON', '{"kind": ', {}, 400],
    ['an empty body', '', {}, 400],
    ['a number', '5', {}, 400],
    ['something else in JSON', '{"kind": "Pod"}', {}, 400],
    ['an unknown charset', '{}', { 'content-type': 'application/json; charset=klingon' }, 415],
    ['a compressed body', gzipSync(Buffer.alloc(8 * MIB)), { 'content-encoding': 'gzip' }, 415],
  ];
  for (const [what, body, headers, status] of bad) {
    test(`refuses ${what} with ${status} and counts that`, async (t) => {
      const running = await startServer(t);
      assertProblem(await post(running, body, { headers }), status, /./);
      const labels = { status: String(status) };
      assert.equal(metricSum(running.metrics.text(), 'rollcall_admission_faults_total', labels), 1);
    });
  }

  test('refuses JSON of very many values before it is parsed, however deep', async (t) => {
    const running = await startServer(t);
    const deep = '['.repeat(1e6) + ']'.repeat(1e6);
    assertProblem(await post(running, deep), 413, /at most 100000 JSON values/);
    const named = JSON.stringify(reviewOf({ name: 'DEEP' })).replace('"DEEP"', deep);
    assertProblem(await post(running, named), 413, /JSON values/);
    assert.equal((await post(running, reviewOf())).status, 200);
  });

  test('survives a field that is too deep to be written to the log', async (t) => {
    const running = await startServer(t);
    const deep = '['.repeat(15_000) + ']'.repeat(15_000);
    const named = JSON.stringify(reviewOf({ name: 'DEEP' })).replace('"DEEP"', deep);
    await post(running, named);
    assert.equal((await post(running, reviewOf())).status, 200);
  });

  test('says 500 of a fault that has an HTTP status of its own', async (t) => {
    const review = async () => {
      throw Object.assign(new Error('the API server says 403'), { status: 403 });
    };
    assertProblem(await post(await startServer(t, { review }), reviewOf()), 500, /internal fault/);
  });

  test('says 500 and no more of an internal fault, counts it, and logs the reason', async (t) => {
    const review = async () => {
      throw new Error('secret place');
    };
    const running = await startServer(t, { review });
    const reply = await post(running, reviewOf());
    assertProblem(reply, 500, /^internal fault; see the log of the webhook$/);
    const text = running.metrics.text();
    assert.equal(metricSum(text, 'rollcall_admission_requests_total', { result: 'error' }), 1);
    assert.equal(metricSum(text, 'rollcall_admission_faults_total', { status: '500' }), 1);
    const { level, message, error } = running.logs[0]!;
    assert.deepEqual([level, message, error], ['error', 'admission failed', 'secret place']);
  });
});

describe('other requests', () => {
  test('GET /mutate says which method', async (t) => {
    const reply = await get(await startServer(t), '/mutate');
    assertProblem(reply, 405, /use POST/);
    assert.equal(reply.headers.allow, 'POST');
  });

  test('an unknown path says which there are', async (t) => {
    const running = await startServer(t);
    for (const path of ['/', '/mutate/x', '/mutatex', '/%', '/../etc/passwd', 'http://[/', '*']) {
      for (const method of ['GET', 'POST']) {
        const reply = await get(running, path, { method });
        assertProblem(reply, 404, /\/mutate, \/healthz, \/readyz, \/metrics/);
      }
    }
  });

  test('health, readiness and metrics', async (t) => {
    let problem: string | undefined;
    const running = await startServer(t, { notReady: () => problem });
    assert.deepEqual((await get(running, '/readyz')).json, { ok: true });
    problem = 'draining';
    const unready = await get(running, '/readyz');
    assert.deepEqual([unready.status, unready.json], [503, { ok: false, problem: 'draining' }]);
    assert.deepEqual((await get(running, '/healthz')).json, { ok: true });
    const metrics = await get(running, '/metrics');
    assert.match(metrics.headers['content-type']!, /^text\/plain; version=0\.0\.4/);
    assert.match(metrics.text, /^# TYPE rollcall_admission_requests_total counter$/m);
    const open = await get(running, '/metrics', { headers: { accept: 'application/openmetrics-text' } });
    assert.match(open.headers['content-type']!, /^application\/openmetrics-text; version=1\.0\.0/);
    assert.match(open.text, /# EOF\n$/);
  });
});

test('a fault behind an answer that has begun ends the connection, and is counted and logged', () => {
  const metrics = new Metrics();
  const logs: string[] = [];
  const ends: string[] = [];
  const response = { headersSent: true, destroy: () => ends.push('destroyed') } as unknown as ServerResponse;
  new Faults(
    jsonLog((line) => void logs.push(line)),
    metrics,
  ).answer(new Error('too late'), response);
  assert.deepEqual([ends, logs.length], [['destroyed'], 1]);
  assert.equal(metricSum(metrics.text(), 'rollcall_admission_faults_total', { status: '500' }), 1);
});

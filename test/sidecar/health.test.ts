import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { Gates } from '../../src/sidecar/gates.ts';
import { type GroupHealth, serveHealth } from '../../src/sidecar/health.ts';
import type { Output } from '../../src/watcher/outputs/output.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { member, scripted, watchOf } from '../watcher/scripted-source.ts';

const metrics = (accept: string | undefined) => ({
  contentType: `text/x-of-a-test; accept=${accept}`,
  text: 'rollcall_members 1\n',
});

async function serve(t: TestContext, holdMs = 50, others: GroupHealth[] = []) {
  const clock = new FakeClock();
  const source = scripted();
  const watch = watchOf(source, clock);
  const outputs: Output[] = [];
  let open = false;
  let fresh = true;
  const opening = Promise.withResolvers<void>();
  const gate = {
    get open() {
      return open;
    },
    opened: opening.promise,
    notice: undefined as string | undefined,
    waiting: undefined as string | undefined,
    openedWithin: (milliseconds: number) => milliseconds === 1000 && fresh,
  };
  const { server, port } = await serveHealth(
    0,
    { groups: [{ watch, outputs }, ...others], gate, metrics },
    { holdMs },
  );
  t.after(() => server.close());
  const get = async (path: string, agent = 'curl') => {
    const headers = { connection: 'close', 'user-agent': agent };
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers, redirect: 'manual' });
    const type = response.headers.get('content-type');
    return {
      status: response.status,
      text: await response.text(),
      to: response.headers.get('location'),
      type,
    };
  };
  const openGate = () => {
    open = true;
    opening.resolve();
  };
  const old = () => {
    fresh = false;
  };
  return { clock, source, get, gate, openGate, old, outputs };
}

test('the application may start when the gate is open', async (t) => {
  const { get, openGate } = await serve(t);
  assert.equal((await get('/startz')).status, 503);
  openGate();
  assert.equal((await get('/startz')).status, 200);
  assert.equal((await get('/readyz')).status, 503);
});

test('ready is when the group is known, and stale does not unmake it', async (t) => {
  const { source, get } = await serve(t);
  source.push({ type: 'replace', parts: new Map([['a', [member('u0')]]]) });
  source.push({ type: 'failure', reason: 'disconnected', message: 'gone' });
  await settle();
  const ready = await get('/readyz');
  assert.equal(ready.status, 200);
  assert.deepEqual(JSON.parse(ready.text), {
    ok: true,
    synced: true,
    stale: true,
    reason: 'disconnected',
    message: 'gone',
    revision: 1,
    members: 1,
  });
});

test('settings that do not work are named once each, and no answer is another for it', async (t) => {
  const { source, get, outputs } = await serve(t);
  source.push({ type: 'replace', parts: new Map() });
  await settle();
  outputs.push(
    { failing: 'notify' },
    { failing: undefined },
    {},
    { failing: 'notify' },
    { failing: 'on-change' },
  );
  for (const path of ['/readyz', '/healthz']) {
    const { status, text } = await get(path);
    assert.deepEqual([status, JSON.parse(text).failing], [200, ['notify', 'on-change']]);
  }
});

test('a watch loop that shows no life for three heartbeats is not healthy', async (t) => {
  const { clock, source, get } = await serve(t);
  assert.equal((await get('/healthz')).status, 200);
  await clock.advance(15_000);
  assert.equal((await get('/healthz')).status, 503);
  source.push({ type: 'tick' });
  await settle();
  assert.equal((await get('/healthz?verbose')).status, 200);
});

test('metrics, and a 404 that says what there is', async (t) => {
  const { get } = await serve(t);
  const metrics = await get('/metrics');
  assert.deepEqual([metrics.status, metrics.text], [200, 'rollcall_members 1\n']);
  assert.equal(metrics.type, 'text/x-of-a-test; accept=*/*', 'what is accepted decides on the format');
  const other = await get('/');
  assert.equal(other.status, 404);
  assert.match(other.text, /\/startz, \/readyz, \/healthz and \/metrics/);
});

test('in place of a port, a socket that every user of the pod may ask, also after a crash', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'rollcall-health-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const socketPath = join(directory, 'health.sock');
  writeFileSync(socketPath, 'what a crash has left');
  const health = {
    groups: [{ watch: watchOf(scripted(), new FakeClock()) }],
    gate: new Gates([]),
  };
  const { server, port } = await serveHealth(socketPath, {
    ...health,
    metrics,
  });
  t.after(() => server.close());
  assert.equal(port, undefined);
  const request = get({ socketPath, path: '/metrics', agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  assert.equal(await text(response), 'rollcall_members 1\n');
  assert.equal(statSync(socketPath).mode & 0o777, 0o666);
});

test('an error of a server that serves already does not end the process', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'rollcall-health-'));
  t.after(() => rmSync(directory, { recursive: true }));
  for (const place of [0, join(directory, 'health.sock')]) {
    const { server } = await serveHealth(place, { groups: [], gate: new Gates([]), metrics });
    t.after(() => server.close());
    // The first one could go to what waited for the start.
    for (let count = 0; count < 2; count += 1) {
      assert.doesNotThrow(() => server.emit('error', new Error('accept EMFILE')), `${place}`);
    }
  }
});

test('a kubelet is told what the application is started without, in a way that it makes an Event of', async (t) => {
  const { get, gate, openGate } = await serve(t);
  gate.notice = 'rollcall: 1 of 3 members';
  assert.equal((await get('/startz', 'kube-probe/1.36')).status, 503, 'not before the application may start');
  openGate();
  const probed = await get('/startz', 'kube-probe/1.36');
  assert.deepEqual([probed.status, probed.text], [302, 'rollcall: 1 of 3 members']);
  assert.notEqual(new URL(probed.to!).hostname, '127.0.0.1', 'a redirect to the same host would be followed');
  const asked = await get('/startz');
  assert.deepEqual([asked.status, JSON.parse(asked.text).notice], [200, 'rollcall: 1 of 3 members']);
});

test('a kubelet that asks too early is answered when the application may start', async (t) => {
  const { get, openGate } = await serve(t, 60_000);
  let answered = false;
  const probed = get('/startz', 'kube-probe/1.36').then(({ status }) => {
    answered = true;
    return status;
  });
  assert.equal((await get('/startz')).status, 503, 'others hear at once how it is');
  assert.equal(answered, false);
  openGate();
  assert.equal(await probed, 200);
});

/** A gate that has just been opened by its time, with what the application is started without. */
async function startedWithout(t: TestContext) {
  const served = await serve(t);
  served.gate.notice = 'rollcall: 1 of 2';
  served.openGate();
  const asked = async (path: string) => JSON.parse((await served.get(path)).text);
  return { ...served, asked };
}

test('whoever asks is told what is waited for, and what the start was without', async (t) => {
  const { get, gate } = await serve(t);
  gate.waiting = 'the application waits for "2 ready": 1 of 2 ready members';
  const held = await get('/startz');
  assert.deepEqual([held.status, JSON.parse(held.text).waiting], [503, gate.waiting]);
  const { asked } = await startedWithout(t);
  const { ok, notice, news } = await asked('/startz');
  assert.deepEqual([ok, notice, news], [true, 'rollcall: 1 of 2', undefined]);
});

test('a probe that tells has it as news once, and nobody else takes it away', async (t) => {
  const { asked } = await startedWithout(t);
  await asked('/startz');
  assert.equal((await asked('/startz?tell')).news, true);
  assert.equal((await asked('/startz?tell')).news, undefined);
});

test('what the start was without is no news a second later', async (t) => {
  const { asked, old } = await startedWithout(t);
  old();
  assert.equal((await asked('/startz?tell')).news, undefined);
});

test('with several groups the answer is that of all, and each under a name is told beside the first', async (t) => {
  const other = scripted();
  const clock = new FakeClock();
  const others = [{ name: 'backends', watch: watchOf(other, clock), outputs: [{ failing: 'file' }] }];
  const { source, get } = await serve(t, 50, others);
  source.push({ type: 'replace', parts: new Map([['a', [member('u0')]]]) });
  await settle();
  const waiting = await get('/readyz');
  assert.equal(waiting.status, 503);
  assert.deepEqual(JSON.parse(waiting.text).groups, {
    backends: { synced: false, stale: true, revision: 0, members: 0 },
  });
  other.push({ type: 'replace', parts: new Map([['a', [member('u0'), member('u1')]]]) });
  await settle();
  const ready = await get('/readyz');
  const { members, groups, failing } = JSON.parse(ready.text);
  assert.deepEqual([ready.status, members, groups.backends.members, failing], [200, 1, 2, ['file']]);
  await clock.advance(15_000);
  assert.equal((await get('/healthz')).status, 503, 'one of the loops is wedged');
});

/** The dashboard as it runs, against the API double. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { describe, test } from 'node:test';
import { eventually } from '../../support/eventually.ts';
import { misuse } from '../run.ts';
import { Page, shop, source } from './shop.ts';

const GROUP = 'shop/service/db';
const quickly = { timeoutMs: 20_000, everyMs: 20 };

test('the stream shows a pod that is deleted, who has seen it, and who has not', async (t) => {
  const names = ['db-0', 'db-1', 'db-2'];
  const { url, views, members, remove } = await shop(t, names);
  const page = await Page.open(t, url, GROUP);
  const view = (pod: string) => page.row('views', `${GROUP} shop/${pod}`);
  await eventually(
    'the same view in all',
    () => names.every((name) => view(name)?.state === 'same'),
    quickly,
  );

  views.set('db-0', { sees: ['db-0', 'db-1'], revision: 2 });
  views.set('db-1', { sees: names, stale: 'disconnected' });
  members('db-0', 'db-1');
  remove('db-2');
  await eventually('the departure', () => page.row('members', `${GROUP} uid-db-2`) === undefined, quickly);
  await eventually('the pod gone', () => page.row('pods', 'shop/db-2') === undefined, quickly);
  await eventually('its sidecar gone', () => view('db-2') === undefined, quickly);
  await eventually('a sidecar that has seen it', () => view('db-0')?.revision === 2, quickly);
  await eventually('a sidecar that is stale', () => view('db-1')?.state === 'stale', quickly);
  const { reason, missed, sees, behindSince } = view('db-1')!;
  assert.deepEqual([reason, missed], ['disconnected', 1]);
  assert.deepEqual(
    (sees as { name: string }[]).map(({ name }) => name).sort(),
    names,
    'the past truth names them',
  );
  assert.ok(Date.now() - (behindSince as number) < 60_000);
  assert.equal(view('db-0')!.state, 'same');
  const told = page.all('events').map(({ what, name }) => `${name} ${what}`);
  assert.deepEqual(told, ['db-2 left', 'db-1 stale']);
});

test('a pod that comes back is a restart, and so is a container', async (t) => {
  const { api, url, members } = await shop(t, ['db-0', 'db-1']);
  const page = await Page.open(t, url, GROUP);
  await eventually('the members', () => page.all('members').length === 2, quickly);
  members('db-0');
  await eventually('a departure', () => page.all('events').length === 1, quickly);
  members('db-0', 'db-1');
  const path = '/api/v1/namespaces/shop/pods/db-0';
  const containerStatuses = [{ name: 'app', restartCount: 3 }];
  api.replace(path, { ...api.get(path), status: { phase: 'Running', containerStatuses } });
  await eventually('both', () => page.all('events').length === 3, quickly);
  assert.deepEqual(
    page
      .all('events')
      .map(({ what, text }) => [what, text])
      .slice(1)
      .sort(),
    [
      ['restarted', 'container app was started again, 3 times by now'],
      ['restarted', 'is back as another pod of the same name, ready'],
    ],
  );
  assert.equal(page.row('pods', 'shop/db-0')!.restarts, 3);
});

test('pods without the sidecar say why, and say it anew when their namespace changes', async (t) => {
  const { api, url, add } = await shop(t, ['db-0']);
  const spec = { containers: [{ name: 'app', image: 'app:1' }] };
  add('no-service', { spec });
  add('opted-out', {
    spec,
    metadata: { name: 'opted-out', annotations: { 'rollcall.dev/inject': 'false' } },
  });
  add('late', { spec: { ...spec, subdomain: 'db' } });
  api.create('/api/v1/namespaces/other/pods', { metadata: { name: 'quiet' }, spec });
  const page = await Page.open(t, url);
  const state = (key: string) => [page.row('pods', key)?.state, page.row('pods', key)?.code];
  await eventually('all of them', () => page.all('pods').length === 5, quickly);
  await eventually('the namespaces', () => page.row('namespaces', 'shop')?.missing === 2, quickly);
  assert.deepEqual(state('shop/db-0'), ['injected', '']);
  assert.deepEqual(state('shop/no-service'), ['skipped', 'no-service']);
  assert.deepEqual(state('shop/opted-out'), ['not-asked', 'opted-out']);
  assert.deepEqual(state('shop/late'), ['missed', 'missed']);
  assert.deepEqual(state('other/quiet'), ['not-asked', 'not-opted-in']);
  const labels = { 'rollcall.dev/injection': 'enabled' };
  api.replace('/api/v1/namespaces/other', { metadata: { name: 'other', labels } });
  await eventually('the new why', () => page.row('pods', 'other/quiet')?.code === 'no-service', quickly);
});

test('a pod whose groups all have names has the sidecar, and is in no group that is shown', async (t) => {
  const { url, add } = await shop(t, ['db-0']);
  const env = [{ name: 'ROLLCALL_GROUP', value: 'backends=service tcp-servers' }];
  const initContainers = [{ name: 'rollcall', args: ['sidecar'], env }];
  add('named', { spec: { initContainers, containers: [{ name: 'app', image: 'app:1' }] } });
  const page = await Page.open(t, url);
  await eventually('both pods', () => page.all('pods').length === 2, quickly);
  await eventually('the group', () => page.all('groups').length > 0, quickly);
  assert.deepEqual(
    [page.row('pods', 'shop/named')?.state, page.row('pods', 'shop/named')?.group],
    ['injected', ''],
  );
  assert.deepEqual(
    page.all('groups').map(({ key }) => key),
    [GROUP],
  );
});

test('a sidecar that does not answer is unknown, with the reason', async (t) => {
  const { url, views } = await shop(t, ['db-0']);
  views.clear();
  const page = await Page.open(t, url, GROUP);
  await eventually('word', () => page.all('views')[0]?.why === '502: no route to host', quickly);
  assert.equal(page.all('views')[0]!.state, 'unknown');
});

test('a list that can not be followed is told, and what was known stays', async (t) => {
  const { api, url } = await shop(t, ['db-0']);
  const page = await Page.open(t, url);
  await eventually('the pods', () => page.all('pods').length === 1, quickly);
  api.fault(({ path }) =>
    path.endsWith('/pods') ? { status: 403, body: { message: 'you may not' } } : undefined,
  );
  api.cutWatches();
  await eventually('the problem', () => page.row('sources', 'pods')?.stale === true, quickly);
  assert.match(page.row('sources', 'pods')!.why as string, /you may not/);
  assert.equal(page.all('pods').length, 1);
});

test('sidecars are asked only while somebody looks at their group', async (t) => {
  const { api, url } = await shop(t, ['db-0']);
  const proxied = () => api.requests.filter(({ path }) => path.includes('/proxy/')).length;
  const page = await Page.open(t, url);
  await eventually('the group', () => page.all('groups').length === 1, quickly);
  assert.deepEqual([page.all('members'), page.all('views'), proxied()], [[], [], 0]);
  page.close();
  const looking = await Page.open(t, url, GROUP);
  await eventually('a question', () => proxied() > 0, quickly);
  looking.close();
});

describe('with 1,000 pods', () => {
  const names = Array.from({ length: 1000 }, (_, index) => `db-${index}`);

  test('a change is sent as what changed, and soon', async (t) => {
    const { url, members, remove } = await shop(t, names);
    const page = await Page.open(t, url, GROUP);
    await eventually('all members', () => page.all('members').length === 1000, quickly);
    await eventually('all views', () => page.all('views').length === 1000, quickly);
    page.rows = 0;
    const began = performance.now();
    members(...names.slice(1));
    remove('db-0');
    await eventually('the departure', () => page.all('members').length === 999, { ...quickly, everyMs: 5 });
    t.diagnostic(`shown after ${(performance.now() - began).toFixed(0)} ms`);
    assert.ok(performance.now() - began < 15_000);
    await eventually('the pod gone', () => page.row('pods', 'shop/db-0') === undefined, quickly);
    // Its rows as a member, a pod and a view, the counts, an event, and the 50 sidecars a second that answer.
    assert.ok(page.rows < 200, `${page.rows} rows for one departure`);
  });
});

describe('nobody else reads it', () => {
  /** A request as a browser or a program sends it, with headers that fetch does not let one set. */
  const ask = (url: string, headers: Record<string, string> = {}, method = 'GET') =>
    new Promise<{ status: number; headers: Record<string, unknown>; body: string }>((resolve, reject) => {
      const sent = request(url, { method, headers }, async (response) => {
        let body = '';
        for await (const chunk of response) body += chunk;
        resolve({ status: response.statusCode!, headers: response.headers, body });
      });
      sent.on('error', reject).end();
    });

  test('by another name of the host, from another site, without the secret, or to write', async (t) => {
    const { url } = await shop(t, ['db-0']);
    const { port, origin } = new URL(url);
    const status = async (...given: Parameters<typeof ask>) => (await ask(...given)).status;
    assert.equal(await status(url), 200);
    assert.equal(await status(url, { host: `localhost:${port}` }), 200);
    for (const host of [
      'evil.example',
      `evil.example:${port}`,
      '127.0.0.1',
      `127.0.0.1.evil.example:${port}`,
    ]) {
      assert.equal(await status(url, { host }), 421, host);
      assert.equal(await status(`${url}events`, { host }), 421, host);
    }
    for (const site of ['cross-site', 'same-site'])
      assert.equal(await status(url, { 'sec-fetch-site': site }), 403);
    for (const path of ['/', '/events', '/x/events', `${new URL(url).pathname.slice(0, -2)}/events`]) {
      assert.equal(await status(`${origin}${path}`), 404, path);
    }
    assert.equal(await status(`${url}../../../package.json`), 404);
    assert.equal(await status(`${url}..%2f..%2fdashboard.ts`), 404);
    assert.equal(await status(url, {}, 'POST'), 405);
  });

  test('it listens on the loopback only', async (t) => {
    const { url } = await shop(t, ['db-0']);
    assert.equal(new URL(url).hostname, '127.0.0.1');
    await assert.rejects(ask(url.replace('127.0.0.1', '127.0.0.2'), { host: '127.0.0.1' }), /ECONNREFUSED/);
  });

  test('the page may load nothing from elsewhere, run nothing but its own script, and be framed by nobody', async (t) => {
    const { url } = await shop(t, ['db-0']);
    const { headers, body } = await ask(url);
    const policy = headers['content-security-policy'] as string;
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self';/);
    assert.match(policy, /frame-ancestors 'none'.*require-trusted-types-for 'script'/);
    assert.ok(!/unsafe|\*|https?:|data:/.test(policy), policy);
    assert.deepEqual(
      ['x-content-type-options', 'referrer-policy', 'cache-control'].map((name) => headers[name]),
      ['nosniff', 'no-referrer', 'no-store'],
    );
    assert.ok(
      !/(src|href)="(?!page\.|icon\.|#)|style=|\son\w+=/.test(body),
      'nothing inline, nothing from elsewhere',
    );
  });

  test('no text of the cluster is read as HTML', async () => {
    for (const file of ['page.js', 'dom.js', 'matrix.js', 'words.js']) {
      assert.ok(
        !/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(/.test(await source(file)),
        file,
      );
    }
  });
});

test('a port that can not be used is refused, with what to do', async (t) => {
  const { url } = await shop(t, ['db-0']);
  const { port } = new URL(url);
  assert.match(await misuse('dashboard', ['--port', 'x']), /--port: "x" is not valid; give a whole number/);
  const config = ['--kubeconfig', '/none'];
  assert.match(await misuse('dashboard', config), /--kubeconfig: "\/none" can't be used/);
  assert.ok(Number(port) > 0);
});

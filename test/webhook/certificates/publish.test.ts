import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isStatus } from '../../../src/webhook/api/api.ts';
import { bundles, watchedBundles } from '../../../src/webhook/certificates/publish.ts';
import type { KeyPair } from '../../../src/webhook/certificates/source.ts';
import { writes } from '../connected-client.ts';
import { pair } from './pairs.ts';
import { bundlesOf, CONFIGURATION, CONFIGURATIONS, entry, start, started } from './replica.ts';

test('somebody who overwrites what was published is told each time, and no other change is', async (t) => {
  const both = await start(t);
  let told = 0;
  const { publish } = bundles(both.client, 'rollcall', () => {
    told += 1;
  });
  const [one, two] = [await pair(), await pair()];
  for (const trusted of [[one.cert], [one.cert, two.cert], [two.cert, one.cert], [two.cert]]) {
    await publish(trusted);
    await publish(trusted);
  }
  assert.equal(told, 0);
  for (const times of [1, 2]) {
    const webhooks = [entry('pods.rollcall.dev', { caBundle: Buffer.from(one.cert).toString('base64') })];
    both.api.replace(CONFIGURATIONS, { metadata: { name: 'rollcall' }, webhooks });
    assert.equal(await publish([two.cert]), true);
    assert.equal(told, times);
  }
});

test('only entries that lack the bundle are written to, and none when none does', async (t) => {
  const both = await start(t);
  const { publish, read } = bundles(both.client, 'rollcall');
  const [one, two] = [await pair(), await pair()];
  const trusted = [one.cert, two.cert];
  // Another order, other spaces and a comment are the same trust.
  const spelled = `# by hand\r\n${two.cert.trim()}\r\n\n${one.cert}`;
  const webhooks = [
    entry('has', { caBundle: Buffer.from(spelled).toString('base64') }),
    entry('lacks', { caBundle: Buffer.from(two.cert).toString('base64') }),
    entry('broken', { caBundle: 'b2xk' }),
  ];
  both.api.replace(CONFIGURATIONS, { metadata: { name: 'rollcall' }, webhooks });
  assert.deepEqual(await read(), [two.cert, one.cert]);
  assert.equal(await publish(trusted), true);
  assert.deepEqual(bundlesOf(both), [spelled, trusted.join(''), trusted.join('')]);
  assert.equal(await publish(trusted), false);
  assert.deepEqual(writes(both), [`PATCH ${CONFIGURATION}`]);
  assert.equal(await publish([two.cert]), true, 'one more than is wanted is no longer trusted');
  assert.deepEqual(bundlesOf(both), [two.cert, two.cert, two.cert]);
  await assert.rejects(bundles(both.client, 'absent').publish(trusted), (error) => isStatus(error, 404));
});

test('a bundle that cert-manager is told to write is not written, which is said', async (t) => {
  const both = await start(t);
  const running = await started(both);
  const configuration = both.api.get(CONFIGURATION)!;
  const annotations = { 'cert-manager.io/inject-ca-from': 'rollcall-system/rollcall' };
  both.api.replace(CONFIGURATION, {
    ...configuration,
    metadata: { ...configuration.metadata, annotations },
  });
  const certificates = bundles(both.client, 'rollcall');
  assert.equal(await certificates.publish([running.served!.cert]), false, 'nothing has to be written');
  await assert.rejects(
    certificates.publish([(await pair()).cert]),
    /annotation cert-manager\.io\/inject-ca-from, .*remove it, or start with --certificates cert-manager$/,
  );
});

test('of bundles that somebody else writes only what every entry trusts counts, and none is written', async (t) => {
  const both = await start(t);
  const [one, two] = [await pair(), await pair()];
  const caBundle = (...pairs: KeyPair[]) =>
    Buffer.from(pairs.map(({ cert }) => cert).join('')).toString('base64');
  const webhooks = [
    entry('pods.rollcall.dev', { caBundle: caBundle(one, two) }),
    entry('namespaces.rollcall.dev', { caBundle: caBundle(two) }),
  ];
  both.api.replace(CONFIGURATION, { metadata: { name: 'rollcall' }, webhooks });
  const watched = watchedBundles(both.client, 'rollcall');
  assert.deepEqual(await watched.read(), [two.cert]);
  assert.equal(await watched.publish([one.cert]), false);
  assert.deepEqual(writes(both), []);
  both.api.replace(CONFIGURATION, { metadata: { name: 'rollcall' }, webhooks: [entry('pods.rollcall.dev')] });
  assert.deepEqual(await watched.read(), []);
});

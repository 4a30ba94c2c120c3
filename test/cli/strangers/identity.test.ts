import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { at } from '../../../src/cli/document/value.ts';
import { run } from '../run.ts';
import { ASKS, CONTAINERS, HEAD, injected } from './asking-pod.ts';

describe('identity', () => {
  const projected =
    '  volumes: [{name: vault, projected: {sources: [{serviceAccountToken: {path: t, audience: vault}}]}}]\n';

  test('a pod that projects a token of its own keeps its account, and its author hears of it', async () => {
    for (const volumes of [projected, '  volumes: [{name: vault, csi: {driver: x}}]\n']) {
      const { value, err } = await injected(`${HEAD}spec:\n${volumes}${CONTAINERS}`);
      assert.equal(at(value, ['spec', 'serviceAccountName']), undefined);
      assert.match(
        err,
        /warning: volume "vault" shows the account "default" .*rollcall\.dev\/service-account: "keep"/,
      );
    }
  });

  test('unless it says that the account is to be replaced, or to be kept', async () => {
    const saying = (word: string) =>
      `${HEAD.replace(ASKS, `${ASKS}, rollcall.dev/service-account: ${word}`)}spec:\n${projected}${CONTAINERS}`;
    const scoped = await injected(saying('scoped'));
    assert.equal(at(scoped.value, ['spec', 'serviceAccountName']), 'rollcall-watcher');
    for (const { err } of [scoped, await injected(saying('keep'))])
      assert.doesNotMatch(err, /shows the account/);
  });

  const advice =
    /^rollcall: imagePullSecrets that only the old account has do not reach pod\/p; .*service-account: "keep"$/m;
  const said = (input: string, ...argv: string[]) => run('inject', ['-f', '-', ...argv], { input });
  const account = (name: string, rest: string) =>
    `apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: ${name}}\n${rest}---\n`;
  const pod = `${HEAD}spec:\n${CONTAINERS}`;

  test('imagePullSecrets of the account that is replaced: how to keep them is said', async () => {
    assert.match((await said(pod)).err, advice);
    assert.doesNotMatch(
      (await said(`${HEAD}spec:\n  imagePullSecrets: [{name: s}]\n${CONTAINERS}`)).err,
      advice,
    );
    assert.doesNotMatch((await said(`${HEAD}spec:\n  serviceAccountName: mine\n${CONTAINERS}`)).err, advice);
    assert.doesNotMatch((await said(account('default', '') + pod)).err, advice);
  });

  test('of many pods a message names some and counts the others', async () => {
    const pods = Array.from({ length: 8 }, (_, index) => pod.replace('name: p', `name: p${index}`)).join(
      '---\n',
    );
    const { err } = await said(pods);
    assert.ok(err.includes('do not reach pod/p0, pod/p1, pod/p2, pod/p3, pod/p4 and 3 more; if'), err);
  });

  test('of an account that is in the input they are kept', async () => {
    const input = account('default', 'imagePullSecrets: [{name: s}]\n') + pod;
    const { out, err } = await said(input);
    assert.doesNotMatch(err, advice);
    assert.match(
      out,
      /name: rollcall-watcher\n(?: .*\n)*automountServiceAccountToken: false\nimagePullSecrets:\n +- name: s\n/,
    );
    assert.equal((await run('uninject', ['-f', '-'], { input: out })).out, input);
  });
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { TOKEN_PATH } from '../../../src/watcher/contract.ts';
import {
  clusterDomain,
  firstFamily,
  ownNamespace,
  searchedNamespace,
  upstream,
} from '../../../src/watcher/kubernetes/upstream.ts';
import { namespaceIn, resolvConf } from '../../../src/watcher/resolv-conf.ts';

const POD = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '6443' };
const FILES = { tokenFile: `${TOKEN_PATH}/token`, caFile: `${TOKEN_PATH}/ca.crt` };

test('a pod has the API server of its environment, with the token and the CA that every pod has', () => {
  assert.deepEqual(upstream({}, POD), { server: 'https://10.96.0.1:6443', files: FILES });
  const { KUBERNETES_SERVICE_HOST } = POD;
  assert.equal(upstream({}, { KUBERNETES_SERVICE_HOST }).server, 'https://10.96.0.1:443');
  const six = { ...POD, KUBERNETES_SERVICE_HOST: 'fd00::1' };
  assert.equal(upstream({}, six).server, 'https://[fd00::1]:6443');
});

test('a file that is given takes the place of that one alone', () => {
  assert.deepEqual(upstream({ tokenFile: '/t' }, POD).files, { ...FILES, tokenFile: '/t' });
  assert.deepEqual(upstream({ caFile: '/c' }, POD).files, { ...FILES, caFile: '/c' });
});

test('beside a server that is given nothing is taken from the pod', () => {
  assert.deepEqual(upstream({ server: 'https://a' }, POD), {
    server: 'https://a',
    files: { tokenFile: undefined, caFile: undefined },
  });
  assert.deepEqual(upstream({ server: 'https://a', tokenFile: '/t', caFile: '/c' }, {}).files, {
    tokenFile: '/t',
    caFile: '/c',
  });
});

test('outside of pods the server has to be given', () => {
  assert.throws(() => upstream({}, {}), { key: 'server' });
});

test('a server that is none is named with its value, whoever gave it', () => {
  for (const host of ['foo bar', 'http://10.0.0.1', '10.0.0.1:443', '[::1]', 'fe80::1%eth0'])
    assert.throws(() => upstream({}, { KUBERNETES_SERVICE_HOST: host }), {
      key: 'server',
      message:
        /^server: "https:.*" is no URL of an API server; give one such as .*, or correct KUBERNETES_SERVICE_HOST/,
    });
  // Docker's links had such values, and so has a Service whose name makes the same variable.
  const port = { ...POD, KUBERNETES_SERVICE_PORT: 'tcp://10.96.0.1:443' };
  assert.throws(() => upstream({}, port), { key: 'server' });
  for (const server of ['', 'foo bar', 'ftp://x'])
    assert.throws(() => upstream({ server }, POD), { key: 'server' });
});

test('the first family of the cluster is that of its API server', () => {
  assert.equal(firstFamily(POD), 'IPv4');
  assert.equal(firstFamily({ KUBERNETES_SERVICE_HOST: 'fd00::1' }), 'IPv6');
  assert.equal(firstFamily({ KUBERNETES_SERVICE_HOST: 'kubernetes.default' }), undefined);
  assert.equal(firstFamily({}), undefined);
});

test('the domain of the cluster is known, or the usual one', () => {
  assert.match(clusterDomain('no-such-namespace'), /^[a-z0-9.-]+$/);
});

test('the namespace of the pod is in a file, where there is one that says it', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'rollcall-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'namespace');
  assert.equal(ownNamespace(file), undefined);
  for (const [text, namespace] of [
    ['shop\n', 'shop'],
    ['\n', undefined],
  ] as const) {
    writeFileSync(file, text);
    assert.equal(ownNamespace(file), namespace);
  }
});

test('the namespace is looked for in the search list of this machine', () => {
  assert.equal(searchedNamespace(), namespaceIn(resolvConf()));
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clusterDomainIn, nameserversIn, namespaceIn, resolvConf } from '../../src/watcher/resolv-conf.ts';

const KUBELET =
  'nameserver 10.96.0.10\nsearch prod.svc.k8s.test svc.k8s.test k8s.test corp.test\noptions ndots:5\n';

test('the cluster domain and the namespace are those of the entries that the kubelet writes', () => {
  assert.equal(clusterDomainIn(KUBELET, 'prod'), 'k8s.test');
  assert.equal(clusterDomainIn(KUBELET, undefined), 'k8s.test');
  assert.equal(namespaceIn(KUBELET), 'prod');
  assert.equal(
    clusterDomainIn('search prod.svc.Cluster.Local.\tsvc.cluster.local.\n', 'prod'),
    'cluster.local',
  );
});

test('an entry that only has "svc." somewhere is none of the cluster', () => {
  for (const entry of [
    'corp-svc.example.com',
    'svc-corp.example.com',
    'a.corp-svc.example.com',
    'svc.',
    'svc..',
    'svc',
  ]) {
    assert.equal(clusterDomainIn(`search ${entry} example.com\n`, 'prod'), undefined, entry);
    assert.equal(namespaceIn(`search ${entry} example.com\n`), undefined, entry);
    const behind = `search ${entry} prod.svc.k8s.test svc.k8s.test\n`;
    assert.equal(clusterDomainIn(behind, 'prod'), 'k8s.test', entry);
    assert.equal(namespaceIn(behind), 'prod', entry);
  }
});

test('the entry of the own namespace counts before that of another cluster', () => {
  const text = 'search svc.corp.test prod.svc.k8s.test svc.k8s.test\n';
  assert.equal(clusterDomainIn(text, 'prod'), 'k8s.test');
});

test('the last search line counts, and nothing outside of one', () => {
  assert.equal(clusterDomainIn(`search svc.old.test\n${KUBELET}`, 'prod'), 'k8s.test');
  assert.equal(clusterDomainIn('# search svc.k8s.test\nnameserver svc.k8s.test\n', 'prod'), undefined);
  assert.equal(clusterDomainIn('', 'prod'), undefined);
});

test('the first entry of a form counts', () => {
  const text = 'search prod.svc.k8s.test prod.svc.corp.test svc.k8s.test svc.corp.test\n';
  assert.equal(clusterDomainIn(text, 'prod'), 'k8s.test');
  assert.equal(clusterDomainIn(text, undefined), 'k8s.test');
});

test('a namespace is a DNS label, and its entry has that of its cluster beside it', () => {
  for (const text of ['search prod.svc.k8s.test k8s.test\n', 'search a_b.svc.k8s.test svc.k8s.test\n', ''])
    assert.equal(namespaceIn(text), undefined, text);
  assert.equal(namespaceIn('search svc.k8s.test prod.svc.other.test prod.svc.k8s.test\n'), 'prod');
});

test('the name servers are those of the file, three at most, without their zones; or this machine', () => {
  assert.deepEqual(nameserversIn(KUBELET), ['10.96.0.10']);
  const four = ['10.0.0.1', 'fe80::1%eth0', '10.0.0.3', '10.0.0.4'].map((one) => ` nameserver\t${one}\n`);
  assert.deepEqual(nameserversIn(four.join('')), ['10.0.0.1', 'fe80::1', '10.0.0.3']);
  for (const text of ['', '# nameserver 10.0.0.1\n', 'search nameserver 10.0.0.1\n'])
    assert.deepEqual(nameserversIn(text), ['127.0.0.1'], text);
});

test('a machine without the file has an empty one', () => {
  assert.equal(resolvConf('/nowhere/resolv.conf'), '');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Member } from '../../../src/watcher/protocol.ts';
import { parseTemplate, renderLine } from '../../../src/watcher/texts/template.ts';
import { member } from '../scripted-source.ts';

const PEER = member('0b9c', {
  name: 'nacos-1',
  namespace: 'prod',
  ordinal: 1,
  hostname: 'nacos-1.nacos.prod.svc.cluster.local',
  addresses: ['10.0.0.7', 'fd00::7'],
  ports: { client: 8848, raft: 7848 },
  node: 'node-a',
  zone: 'eu-1a',
});

const line = (text: string, one: Member = PEER) => renderLine(parseTemplate(`f=${text}`), one);

for (const [text, expected] of [
  ['{hostname}:8848', 'nacos-1.nacos.prod.svc.cluster.local:8848'],
  ['{name} {namespace} {uid}', 'nacos-1 prod 0b9c'],
  ['server.{ordinal}={address}:{port:raft}', 'server.1=10.0.0.7:7848'],
  ['{ipv4} [{ipv6}]:{port:client}', '10.0.0.7 [fd00::7]:8848'],
  ['{node}\t{zone}', 'node-a\teu-1a'],
  ['{{"host":"{address}"}}', '{"host":"10.0.0.7"}'],
] as const) {
  test(`the line ${text}`, () => {
    assert.deepEqual(line(text), { text: expected });
  });
}

test('{label:KEY} is the label of the pod, and lacking where it has none', () => {
  const labelled = { ...PEER, labels: { role: 'primary', 'app.kubernetes.io/version': '2' } };
  assert.deepEqual(line('{label:role} {label:app.kubernetes.io/version}', labelled), { text: 'primary 2' });
  assert.deepEqual(line('{label:tier}', labelled), { lacks: 'label:tier' });
  assert.deepEqual(line('{label:role}'), { lacks: 'label:role' });
});

test('a condition at the end chooses members, and what a member lacks is equal to nothing', () => {
  const labelled = { ...PEER, labels: { role: 'primary' } };
  const chosen = (where: string, one: Member) => 'text' in line(`{name} where ${where}`, one);
  assert.deepEqual(line('{name}  where label:role=primary', labelled), { text: 'nacos-1' });
  assert.deepEqual(line('{name} where label:role=replica', labelled), { chosen: false });
  assert.ok(chosen('label:role!=replica', labelled) && chosen('label:role!=replica', PEER));
  assert.ok(chosen('zone=eu-1a', PEER) && chosen('ordinal=1', PEER) && !chosen('node!=node-a', PEER));
  assert.ok(chosen('name=nacos-1', PEER) && !chosen('name!=nacos-1', PEER));
  assert.ok(chosen(`hostname=${PEER.hostname}`, PEER) && !chosen('hostname=nacos-1', PEER));
  assert.ok(!chosen('label:role=primary', PEER));
  assert.deepEqual(line('{name} where it is'), { text: 'nacos-1 where it is' });
});

test('a template says by which labels it goes, each once', () => {
  const { labels } = parseTemplate('f={label:tier} {label:role} {name} where label:role=primary');
  assert.deepEqual(labels, ['tier', 'role']);
});

test('{port} is the only port, and lacking where there are several', () => {
  assert.deepEqual(line('{port}', member('u', { ports: { '': 9042 } })), { text: '9042' });
  assert.deepEqual(line('{port}'), { lacks: 'port' });
});

test('an ordinal of 0 is a value', () => {
  assert.deepEqual(line('{ordinal}', member('u', { ordinal: 0 })), { text: '0' });
});

for (const [text, problem] of [
  ['cluster.conf', /give FILE=LINE/],
  [
    'conf={hostnam}:8848',
    /"\{hostnam\}" is not a placeholder; give one of \{name\} .*\{hostname\} .*\{port:NAME\} \{label:KEY\}$/,
  ],
  ['conf={toString}', /"\{toString\}" is not a placeholder/],
  ['conf={label:}', /"\{label:\}" names no label; give one such as \{label:role\}/],
  [
    'conf={name} where role=primary',
    /"where role" is no condition; give label:KEY, zone, .*"where label:role=primary"/,
  ],
  ['conf={}', /"\{\}" is not a placeholder/],
  ['conf={hostname', /has a "\{" without its other half; give "\{\{"/],
  ['conf=hostname}', /has a "\}" without its other half/],
  ['conf={{hostname}}', /has no placeholder.*give one of \{name\}/],
  ['conf=', /has no placeholder/],
  ['conf={name}\n{uid}', /line break/],
  ['a/conf={name}', /"a\/conf" is not a plain file name/],
  ['..={name}', /not a plain file name/],
  ['.hidden={name}', /not a plain file name/],
  ['={name}', /"" is not a plain file name/],
  ['members.json={name}', /"members.json" is a name that rollcall uses itself/],
  ['members.sock={name}', /"members.sock" is a name that rollcall uses itself/],
] as const) {
  test(`refused at the start: ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseTemplate(text), { message: problem });
  });
}

test('health.sock is a name that rollcall uses itself', () => {
  assert.throws(
    () => parseTemplate('health.sock={name}'),
    /"health\.sock" is a name that rollcall uses itself/,
  );
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keys } from '../../src/inject/annotations.ts';
import { annotate, askingPod, INSTALL, injected, plain, planned, pod, readable, warned } from './pods.ts';
import { both, type Tweak } from './tweaks.ts';

describe('a gate that is to fail', () => {
  const fail = { [keys.waitFor.key]: '2', [keys.waitAction.key]: 'fail' };
  const ordinary = { [keys.nativeSidecar.key]: 'false' };

  test('needs a native sidecar: a kubelet starts the application all the same when an ordinary one ends', () => {
    assert.equal(planned(pod(), fail).native, true);
    const refused = /wait-action: "fail" needs a native sidecar.*write "continue"/;
    assert.throws(() => planned(pod(), { ...fail, ...ordinary }), refused);
    assert.equal(planned(pod(), { ...fail, ...ordinary, [keys.waitFor.key]: '0' }).native, false);
  });
});

test('a gate that its own pods may never open is warned of', () => {
  const waiting = (more: Record<string, string>) =>
    warned(injected(askingPod(annotate({ [keys.waitFor.key]: '2', ...more }))));
  assert.deepEqual(waiting({}), []);
  assert.match(waiting({ [keys.source.key]: 'dns' }).join(), /wait-for: .*publishNotReadyAddresses: true$/);
  assert.match(waiting({ [keys.nativeSidecar.key]: 'false' }).join(), /wait-for: a pod has no address until/);
  assert.equal(waiting({ [keys.source.key]: 'dns', [keys.waitFor.key]: '1' }).length, 1);
  assert.deepEqual(waiting({ [keys.source.key]: 'dns', [keys.waitFor.key]: '0' }), []);
});

const granted = { ...plain, grantedBy: ['team-b'] };
const ofSubdomain: Tweak = ({ spec }) => void Object.assign(spec, { subdomain: 'db' });

test('pods of one group that wait for one another to be ready are warned of', () => {
  const waiting = (text: string, more: Record<string, string> = {}) =>
    warned(injected(askingPod(both(annotate({ [keys.waitFor.key]: text, ...more }), ofSubdomain))));
  assert.match(
    waiting('2 ready').join(),
    /wait-for: "2 ready" of its own group: no pod is ready before.*"ordinal 0 ready"$/,
  );
  for (const text of ['2', '1 ready', 'ordinal 0 ready', 'ordinal 1 ready'])
    assert.deepEqual(waiting(text), [], text);
  assert.deepEqual(waiting('2 ready', { [keys.service.key]: 'tcp-servers' }), [], 'the group of others');
});

test('a group under a name that is the own one of the pod is warned of as the first is', () => {
  const waiting = (what: string, text: string, more: Record<string, string> = {}) => {
    const named = { 'rollcall.dev/group.peers': what, 'rollcall.dev/wait-for.peers': text, ...more };
    return warned(injected(askingPod(both(annotate(named), ofSubdomain)), { namespace: granted }));
  };
  const ordinary = { [keys.nativeSidecar.key]: 'false' };
  assert.match(
    waiting('service db', '2 ready').join(),
    /^annotation rollcall\.dev\/wait-for\.peers: "2 ready" of its own group/,
  );
  assert.match(waiting('service db in demo', '2 ready').join(), /"2 ready" of its own group/);
  assert.match(waiting('dns db', '2').join(), /^annotation rollcall\.dev\/wait-for\.peers: DNS lists ready/);
  assert.match(waiting('service db', '2', ordinary).join(), /wait-for\.peers: a pod has no address until/);
  const ofOthers = ['service tcp-servers', 'dns tcp-servers', 'service db in team-b'];
  for (const what of ofOthers) assert.deepEqual(waiting(what, '2 ready', ordinary), [], what);
  assert.deepEqual(waiting('service db', '2'), []);
  const gates = waiting('service db', '2 ready', { [keys.waitFor.key]: '3 ready' });
  assert.deepEqual(gates.length, 2, 'each gate is told of');
});

test('a pod that waits for all is refused until somebody says how many that is', () => {
  const all = { [keys.waitFor.key]: 'all' };
  assert.throws(
    () => planned(pod(), { ...all, 'rollcall.dev/wait-action': 'fail' }),
    /needs to know how many/,
  );
  assert.throws(
    () => planned(pod(), all),
    /wait-for: "all" needs to know how many.*write rollcall\.dev\/expected/,
  );
  assert.equal(planned(pod(), { ...all, 'rollcall.dev/expected': 'statefulset db' }).native, true);
});

test('more than there will ever be is refused where the number is constant', () => {
  const waits = (text: string, expected: string) =>
    planned(pod(), { [keys.waitFor.key]: text, 'rollcall.dev/expected': expected });
  assert.throws(
    () => waits('4 ready', '3'),
    /wait-for: "4 ready" is more than .*expected: "3" says there will be/,
  );
  for (const [text, expected] of [
    ['3', '3'],
    ['4', 'statefulset db'],
    ['ordinal 9 ready', '3'],
  ] as const)
    assert.equal(waits(text, expected).native, true);
});

test('so it is of a group under a name', () => {
  const said = (wait: string, expected?: string) =>
    planned(pod(), {
      'rollcall.dev/group.backends': 'service tcp-servers',
      'rollcall.dev/wait-for.backends': wait,
      ...(expected === undefined ? {} : { 'rollcall.dev/expected.backends': expected }),
    }).native;
  assert.throws(
    () => said('all ready'),
    /wait-for\.backends: "all ready" needs to know .*; write rollcall\.dev\/expected\.backends: "deployment NAME"/,
  );
  assert.throws(() => said('4', '3'), /wait-for\.backends: "4" is more than .*expected\.backends: "3" says/);
  assert.throws(
    () => said('all', 'owners'),
    (error: Error) => !/needs to know/.test(error.message),
  );
  for (const [wait, expected] of [
    ['all', 'deployment web'],
    ['3 ready', '3'],
    ['9', undefined],
  ] as const)
    assert.equal(said(wait, expected), true);
});

test('groups under a name must be there, and are told apart from the first', () => {
  const backends = { 'rollcall.dev/group.backends': 'service tcp-servers' };
  assert.throws(
    () => planned(pod(), { 'rollcall.dev/wait-for.x': '2' }),
    /wait-for\.x is for a group that does not exist; write rollcall\.dev\/group\.x: "service NAME", or change the name/,
  );
  assert.throws(
    () => planned(pod(), { ...backends, 'rollcall.dev/file.backends': '{name}' }),
    /group\.backends is the name of a file too/,
  );
});

test('where all groups have a name, what the pod says of the first is refused, and what others say passes it by', () => {
  const named = { [keys.inject.key]: 'true', 'rollcall.dev/group.backends': 'service tcp-servers' };
  const without = (annotations: Record<string, string>) =>
    pod(({ metadata }) => Object.assign(metadata!, { annotations: { ...named, ...annotations } }));
  const inherited = {
    namespace: { ...plain, annotations: { [keys.waitFor.key]: '3', 'rollcall.dev/file.a': '{name}' } },
  };
  const { decision } = injected(without({}), inherited);
  assert.ok(decision.kind === 'inject');
  assert.deepEqual([decision.options.group, decision.options.file], [undefined, []]);
  assert.equal(`${decision.options.waitFor}`, '0');
  const ofAll = {
    install: { ...INSTALL, defaults: { [keys.expected.key]: '3', [keys.onStart.key]: 'true' } },
  };
  const installed = injected(without({}), ofAll).decision;
  assert.ok(installed.kind === 'inject');
  assert.deepEqual([installed.options.expected, installed.options.onStart], [undefined, undefined]);
  for (const [key, text] of [
    [keys.waitFor.key, '3'],
    ['rollcall.dev/file.a', '{name}'],
    [keys.onStart.key, 'true'],
    [keys.expected.key, '3'],
    [keys.memberLabels.key, 'role'],
  ] as const) {
    const refused = injected(without({ [key]: text })).decision;
    assert.ok(refused.kind === 'deny');
    assert.match(
      refused.reasons[0].sentence,
      new RegExp(`annotation ${key} is about the group without a name`),
    );
  }
});

describe('what is wrong with groups under a name', () => {
  const faults = (annotations: Record<string, string>) => {
    const { decision } = injected(
      pod(({ metadata }) =>
        Object.assign(metadata!, { annotations: { [keys.inject.key]: 'true', ...annotations } }),
      ),
    );
    assert.ok(decision.kind === 'deny');
    return decision.reasons.map(({ sentence }) => sentence.replace(/^annotation rollcall\.dev\//, ''));
  };
  const about = { 'rollcall.dev/wait-for.backends': '2', 'rollcall.dev/group-file.backends.a': '{name}' };

  test('is one fault of a group that can not be read, and none of what is about it', () => {
    const [fault, ...more] = faults({ 'rollcall.dev/group.backends': 'servise tcp-servers', ...about });
    assert.match(fault!, /^group\.backends: "servise tcp-servers" is not valid/);
    assert.deepEqual(more, []);
  });

  test('is one fault of a number of members that can not be read, or of a group that there is not', () => {
    const waits = { [keys.service.key]: 'db', 'rollcall.dev/wait-for.backends': 'all' };
    const group = { 'rollcall.dev/group.backends': 'service tcp-servers' };
    const [bad, ...more] = faults({ ...waits, ...group, 'rollcall.dev/expected.backends': 'owners' });
    assert.match(bad!, /^expected\.backends: "owners" is not valid/);
    const [missing, ...others] = faults(waits);
    assert.match(missing!, /^wait-for\.backends is for a group that does not exist/);
    assert.deepEqual([more, others], [[], []]);
  });

  test('is one fault of too many groups', () => {
    const names = Array.from({ length: 101 }, (_, index) => `rollcall.dev/group.g${index}`);
    const [fault, ...more] = faults({
      ...Object.fromEntries(names.map((name) => [name, 'dns a'])),
      ...about,
    });
    assert.match(fault!, /^there are 101 annotations rollcall\.dev\/group\.NAME/);
    assert.deepEqual(more, []);
  });

  test('is told together where one has nothing to do with the other', () => {
    const given = {
      [keys.service.key]: 'db',
      'rollcall.dev/group.peers': 'dns a',
      'rollcall.dev/file.peers': '{name}',
    };
    const [name, wait, file, ...more] = faults({ ...given, ...about });
    assert.match(name!, /^group\.peers is the name of a file too/);
    assert.match(wait!, /^wait-for\.backends is for a group that does not exist/);
    assert.match(file!, /^group-file\.backends is for a group that does not exist/);
    assert.deepEqual(more, []);
  });
});

test('a file of a group under a name goes by the labels that its members have, and by no others', () => {
  const backends = {
    'rollcall.dev/group.backends': 'service tcp-servers',
    'rollcall.dev/group-file.backends.up.conf': '{ipv4} where label:role=primary',
  };
  for (const more of [{}, { [keys.memberLabels.key]: 'role' }])
    assert.throws(
      () => planned(pod(), { ...backends, ...more }, { namespace: readable }),
      /annotation rollcall\.dev\/group-file\.backends\.up\.conf uses the label "role".*only when the member labels of "backends" name it; add it there/,
    );
});

test('a further group of pods needs the right to read them', () => {
  const workers = { 'rollcall.dev/group.workers': 'pods app=worker' };
  assert.throws(
    () => planned(pod(), workers),
    /the group "workers" of pods app=worker takes the right to read the pods/,
  );
});

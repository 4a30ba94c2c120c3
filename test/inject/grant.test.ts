import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { foreignNamespaces } from '../../src/inject/foreign-group.ts';
import { askedFor, grantFaults, isGranted } from '../../src/inject/grant.ts';
import { OWN_ACCOUNTS, SCOPED_ACCOUNT } from '../../src/inject/roles.ts';
import { annotate, askingPod, decided, labelled, plain, pod, readable, refusal } from './pods.ts';

const group = (namespace: string | undefined, name = 'backends') => ({ name, namespace });
const shop = (grantedBy?: string[]) => ({ name: 'shop', ...(grantedBy === undefined ? {} : { grantedBy }) });

function told(...asked: Parameters<typeof grantFaults>): string[] {
  return grantFaults(...asked).map(({ code, sentence }) => {
    assert.equal(code, 'grant');
    return sentence;
  });
}

test('a group of another namespace needs its grant, whichever account of ours the sidecar has', () => {
  for (const account of OWN_ACCOUNTS) {
    assert.deepEqual(told([group('team-b')], shop(['team-b', 'team-c']), account), []);
    const [sentence, ...more] = told([group('team-b')], shop(['team-c']), account);
    assert.deepEqual(more, []);
    assert.match(sentence!, /"backends".+"team-b".+grants nothing.+"shop".+rollcall\.dev\/grant: "shop"/);
  }
});

test('each group is told of, by its own name', () => {
  const groups = [
    group('team-b', 'one'),
    group('team-c', 'two'),
    group('team-d', 'three'),
    group(undefined, 'home'),
  ];
  const sentences = told(groups, shop(['team-c']), SCOPED_ACCOUNT);
  assert.deepEqual(
    sentences.map((sentence) => /"(\w+)"/.exec(sentence)![1]),
    ['one', 'three'],
  );
});

test('a group of the own namespace needs none, named or not', () => {
  assert.deepEqual(told([group(undefined), group('shop')], shop([]), 'mine'), []);
});

test('an account that the pod keeps is in no grant, and the pod is told so first', () => {
  const [sentence] = told([group('team-b')], shop(['team-b']), 'mine');
  assert.match(sentence!, /keeps its account "mine", which no grant is for/);
  assert.deepEqual(told([group('team-b')], shop([]), 'mine'), [sentence], 'the grant is not told of');
});

test('where nothing is known of grants, nothing is said of them', () => {
  assert.deepEqual(told([group('team-b')], shop(), SCOPED_ACCOUNT), []);
});

test('the namespaces to ask about are the other ones, each once, and no more than a pod has groups', () => {
  const groups = [group(undefined), group('shop'), group('team-b'), group('team-b'), group('team-c')];
  assert.deepEqual(foreignNamespaces(groups, 'shop'), ['team-b', 'team-c']);
  const many = Array.from({ length: 40 }, (_, index) => group(`n-${index}`));
  assert.equal(foreignNamespaces(many, 'shop').length, 16);
});

test('a namespace grants those that its annotation names, by the whole name', () => {
  const annotations = { 'rollcall.dev/grant': 'shop-two, team-a' };
  assert.equal(isGranted(annotations, 'team-a'), true);
  for (const name of ['shop', 'two', 'team', '']) assert.equal(isGranted(annotations, name), false, name);
  assert.equal(isGranted({}, 'shop'), false);
});

describe('a pod with a group of another namespace', () => {
  const asking = askingPod(annotate({ 'rollcall.dev/group.backends': 'service tcp-servers in team-b' }));
  const within = (grantedBy: string[], namespace = plain) => decided(asking, { ...namespace, grantedBy });

  test('is injected where that namespace grants it, and denied with one sentence where it does not', () => {
    assert.equal(within(['team-b']).kind, 'inject');
    const [kind, code, sentence] = refusal(within(['team-c']));
    assert.deepEqual([kind, code], ['deny', 'grant']);
    assert.match(sentence, /"team-b", which grants nothing to the namespace "demo"/);
  });

  test('may be told how many members there are, and may neither read its workloads nor its pods', () => {
    const about = (more: Record<string, string>) =>
      decided(
        askingPod((made) => {
          annotate({ 'rollcall.dev/group.backends': 'service tcp-servers in team-b', ...more })(made);
        }),
        { ...readable, grantedBy: ['team-b'] },
      );
    assert.equal(about({ 'rollcall.dev/expected.backends': '3' }).kind, 'inject');
    for (const [key, value, remedy] of [
      ['expected.backends', 'deployment web', 'write a number'],
      ['member-labels.backends', 'role', 'follow a Service of the namespace of the pod'],
    ] as const) {
      const [, code, sentence] = refusal(about({ [`rollcall.dev/${key}`]: value }));
      assert.equal(code, 'grant');
      assert.match(sentence, new RegExp(`^annotation rollcall\\.dev/${key} is for .*${remedy}, or leave`));
    }
  });

  test('that its namespace alone opts in is skipped', () => {
    const silent = pod((made) => {
      annotate({ 'rollcall.dev/group.backends': 'service tcp-servers in team-b' })(made);
      made.spec.subdomain = 'db';
    });
    const decision = decided(silent, { ...labelled, grantedBy: [] });
    assert.deepEqual(refusal(decision).slice(0, 2), ['skip', 'grant']);
  });

  test('that keeps its account is told that no grant is for it, also where there is one', () => {
    const kept = askingPod((made) => {
      annotate({ 'rollcall.dev/group.backends': 'service tcp-servers in team-b' })(made);
      Object.assign(made.spec, { serviceAccountName: 'app', serviceAccount: 'app' });
    });
    const [, code, sentence] = refusal(decided(kept, { ...plain, grantedBy: ['team-b'] }));
    assert.equal(code, 'grant');
    assert.match(sentence, /keeps its account "app"/);
  });

  test('has one namespace asked about, and none where it is left alone for another reason', () => {
    assert.deepEqual(askedFor(decided(asking, plain), 'demo'), ['team-b']);
    assert.deepEqual(askedFor(decided(asking, plain), 'team-b'), [], 'a group of the own namespace');
    assert.deepEqual(askedFor(decided(askingPod(), plain), 'demo'), []);
    const other = askingPod((made) => {
      annotate({ 'rollcall.dev/group.backends': 'service tcp-servers in team-b', 'rollcall.dev/port': 'x' })(
        made,
      );
    });
    assert.deepEqual(askedFor(decided(other, plain), 'demo'), []);
  });
});

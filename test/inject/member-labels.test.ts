import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joinedGroup } from '../../src/inject/member-labels.ts';
import { NamedGroup } from '../../src/named-group.ts';

type Asked = Parameters<typeof joinedGroup>[0];

const asked = (given: Partial<Asked>) =>
  joinedGroup({ group: undefined, memberLabels: undefined, groups: [], memberLabelsOfGroup: [], ...given });
const named = (name: string, source: NamedGroup['source']) =>
  new NamedGroup({ name, source, of: 'x', namespace: undefined });

test('the members of a Service alone are joined with their pods: pods are read anyway, and DNS knows none', () => {
  const memberLabels = 'role';
  const key = 'rollcall.dev/member-labels';
  assert.equal(asked({ memberLabels, group: { source: 'endpointslices', service: 'db' } }), key);
  assert.equal(asked({ memberLabels, group: { source: 'pods', selector: 'app=db' } }), undefined);
  assert.equal(asked({ memberLabels, group: { source: 'dns', service: 'db' } }), undefined);
  assert.equal(asked({ group: { source: 'endpointslices', service: 'db' } }), undefined);
});

test('so it is with groups under a name, of which the one that is joined is named', () => {
  const groups = [named('a', 'pods'), named('b', 'endpointslices'), named('c', 'endpointslices')];
  assert.equal(asked({ groups }), undefined);
  assert.equal(asked({ groups, memberLabelsOfGroup: ['a=role'] }), undefined);
  assert.equal(asked({ groups, memberLabelsOfGroup: ['a=role', 'c=role'] }), 'rollcall.dev/member-labels.c');
});

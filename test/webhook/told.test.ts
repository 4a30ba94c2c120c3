import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keys } from '../../src/inject/annotations.ts';
import { type Reasons, reason } from '../../src/inject/codes.ts';
import { reasonsText, warningTexts } from '../../src/webhook/told.ts';
import { annotate, injected, labelled, pod } from '../inject/pods.ts';

const [FIRST, ...OTHERS] = [
  reason('no-service', 'nothing names a group; name one'),
  reason('name-taken', 'the volume is taken; give it another name'),
];
const TWO: Reasons = [FIRST!, ...OTHERS];

describe('the warnings of an answer', () => {
  const silent = (annotations: Record<string, string> = {}) =>
    pod((made) => {
      annotate(annotations)(made);
      Object.assign(made.spec, { subdomain: 'db', os: { name: 'windows' } });
    });

  test('say why a pod of a namespace that asks is left out, and nothing of those that are not meant', () => {
    assert.deepEqual(warningTexts(injected(silent(), { namespace: labelled })), [
      'rollcall: not injected (windows): the sidecar runs on Linux nodes only',
    ]);
    assert.deepEqual(warningTexts(injected(silent())), []);
    const refusing = injected(silent({ [keys.inject.key]: 'false' }), { namespace: labelled });
    assert.deepEqual(warningTexts(refusing), []);
  });

  test('say each reason in a warning of its own, after what else is warned of', () => {
    const warnings = [{ code: 'gate', sentence: 'the gate may never open' } as const];
    assert.deepEqual(warningTexts({ decision: { kind: 'skip', reasons: TWO }, warnings }), [
      'rollcall: the gate may never open',
      'rollcall: not injected (no-service): nothing names a group; name one',
      'rollcall: not injected (name-taken): the volume is taken; give it another name',
    ]);
  });

  test('are none of a pod that is denied: the answer says why', () => {
    assert.deepEqual(warningTexts({ decision: { kind: 'deny', reasons: TWO }, warnings: [] }), []);
  });

  test('have room together in what an API server lets through, and tell the first reason in any case', () => {
    const long = (letter: string) => reason('bad-value', letter.repeat(1000));
    const reasons: Reasons = [long('a'), ...['b', 'c', 'd', 'e'].map(long)];
    const texts = warningTexts({ decision: { kind: 'skip', reasons }, warnings: [] });
    assert.equal(texts.length, 3);
    assert.ok(texts.join('').length <= 4096);
    const warnings = [{ code: 'gate', sentence: 'x'.repeat(4090) } as const];
    assert.match(warningTexts({ decision: { kind: 'skip', reasons }, warnings }).at(-1)!, /: a+$/);
  });
});

test('the text of an answer or an Event has all reasons, each with its code', () => {
  assert.equal(reasonsText([TWO[0]]), 'rollcall (no-service): nothing names a group; name one');
  assert.equal(
    reasonsText(TWO),
    'rollcall (no-service): nothing names a group; name one. Also (name-taken): the volume is taken; give it another name',
  );
});

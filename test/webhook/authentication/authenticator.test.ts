import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { allOf, type CallerVerdict } from '../../../src/webhook/authentication/authenticator.ts';
import type { ServerConnection } from '../../../src/webhook/limits/connections.ts';
import { Refused } from '../../../src/webhook/refused.ts';

const refused = new Refused(401, 'no');
const later = (verdict: Refused | undefined) => Promise.resolve(verdict);

/** Returns the verdict of several checks together, each with this verdict, and the checks that were asked. */
function said(...verdicts: CallerVerdict[]) {
  const asked: number[] = [];
  const checks = verdicts.map((verdict, index) => ({
    check() {
      asked.push(index);
      return verdict;
    },
  }));
  const verdict = allOf(checks)?.check({} as IncomingMessage, {} as ServerConnection);
  return { verdict, asked };
}

test('a caller must pass every check, those that answer at once and those that answer later', async () => {
  assert.equal(said(undefined, undefined).verdict, undefined);
  assert.equal(said(undefined, refused).verdict, refused);
  assert.deepEqual(said(refused, undefined), { verdict: refused, asked: [0] });
  assert.equal(await said(undefined, later(refused)).verdict, refused);
  assert.equal(await said(later(refused), undefined).verdict, refused);
  assert.equal(await said(later(undefined), undefined).verdict, undefined);
  assert.equal(said(later(undefined), refused).verdict, refused);
});

test('one check alone is asked itself, and with none anybody may ask', () => {
  const one = { check: () => refused };
  assert.equal(allOf([one]), one);
  assert.equal(allOf([]), undefined);
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { issue } from '../../../src/webhook/certificates/issue.ts';
import type { Answers } from '../answering-api.ts';
import {
  base64,
  CONFIGURATION,
  ca,
  configuration,
  DEPLOYMENT,
  fine,
  SECRET,
  unwell,
} from './checked-cluster.ts';

describe('rollcall check', () => {
  test('certificates that do not agree, or run out', async (t) => {
    const other = await issue(['x'], new Date());
    const certificates = async (answers: Answers) => (await unwell(t, answers))[0];
    assert.deepEqual(await certificates({ [CONFIGURATION]: [200, configuration(ca, '')] }), [
      'fail certificates: an entry has no caBundle',
    ]);
    assert.deepEqual(await certificates({ [CONFIGURATION]: [200, configuration(ca, other.cert)] }), [
      'fail certificates: the entries have different caBundles',
    ]);
    assert.deepEqual(await certificates({ [SECRET]: [200, { data: { 'ca.crt': base64(other.cert) } }] }), [
      'fail certificates: the entries do not trust what the Secret says',
    ]);
    const [hidden] = await certificates({ [SECRET]: [403, { message: 'no' }] });
    assert.match(hidden!, /^warn certificates: 36\d days are left; the Secret can't be read \(403: no\)$/);
    // It is good for a year.
    const old = await issue(['x'], new Date(Date.now() - 350 * 86_400_000));
    const stored = { data: { 'ca.crt': base64(old.cert), 'tls.crt': base64(old.cert) } };
    const aged = {
      [CONFIGURATION]: [200, configuration(old.cert, old.cert)],
      [SECRET]: [200, stored],
    } as Answers;
    assert.match((await certificates(aged))[0]!, /^warn certificates: a certificate runs out in 1\d days$/);
    const spent = await issue(['x'], new Date(Date.now() - 365.5 * 86_400_000));
    const expired = {
      [CONFIGURATION]: [200, configuration(spent.cert, spent.cert)],
      [SECRET]: [200, { data: { 'ca.crt': base64(spent.cert), 'tls.crt': base64(spent.cert) } }],
    } as Answers;
    assert.deepEqual(await certificates(expired), ['fail certificates: a certificate has run out']);
    const followed = {
      [CONFIGURATION]: [200, configuration(old.cert + ca, ca + old.cert)],
      [SECRET]: [200, { data: { 'ca.crt': base64(ca + old.cert), 'tls.crt': base64(ca) } }],
    } as Answers;
    assert.deepEqual(await certificates(followed), [], 'the one before is still trusted, in any order');
  });

  test('a CA that is trusted as well, while the source changes, is no disagreement', async (t) => {
    const theirs = await issue(['x'], new Date());
    const args = ['webhook', '--image=x', '--tls-ca-file=/etc/rollcall/tls/ca.crt'];
    const changing = {
      [DEPLOYMENT]: [
        200,
        {
          spec: { replicas: 2, template: { spec: { containers: [{ args }] } } },
          status: { availableReplicas: 2 },
        },
      ],
      [CONFIGURATION]: [200, configuration(ca + theirs.cert, ca + theirs.cert)],
    } as Answers;
    assert.deepEqual((await unwell(t, changing))[0], []);
    const without = {
      ...changing,
      [CONFIGURATION]: [200, configuration(theirs.cert, theirs.cert)],
    } as Answers;
    assert.deepEqual((await unwell(t, without))[0], [
      'fail certificates: the entries do not trust what the Secret says',
    ]);
  });

  test('the Secret of certificates is the one that the Deployment names', async (t) => {
    const args = ['webhook', '--image=x', '--secret=mine'];
    const answers = {
      [DEPLOYMENT]: [
        200,
        {
          spec: { replicas: 2, template: { spec: { containers: [{ args }] } } },
          status: { availableReplicas: 2 },
        },
      ],
      [SECRET]: [404, {}],
    } as Answers;
    assert.deepEqual((await unwell(t, answers))[0], ['fail certificates: there is no Secret mine']);
    const mine = SECRET.replace(/rollcall-tls$/, 'mine');
    assert.deepEqual((await unwell(t, { ...answers, [mine]: fine[SECRET]! }))[0], []);
  });
});

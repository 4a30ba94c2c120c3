import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { problemOf } from '../../../src/webhook/certificates/judge.ts';
import type { KeyPair } from '../../../src/webhook/certificates/source.ts';
import { days, HOSTS, legacy, pair, withGarbage } from './pairs.ts';

const good = await pair();
const other = await pair();
const old = await legacy();
const ca = await pair({ ca: true });
const noCa = await pair();

const usable: [what: string, pair: KeyPair, trusted: readonly string[]][] = [
  ['a certificate that is trusted itself', good, [good.cert]],
  ['one of several that are trusted', good, [other.cert, good.cert]],
  ['a certificate that a trusted CA signed', old.serving, old.trusted],
  ['RSA of 2048 bits', ...(await alone({ bits: 2048 }))],
  ['more names than are needed', ...(await alone({ hosts: [...HOSTS, 'more.svc'] }))],
];

const unusable: [what: string, problem: RegExp, pair: KeyPair, trusted: readonly string[]][] = [
  ['one that nobody trusts', /self-signed/, good, [other.cert]],
  ['no trust at all', /self-signed/, good, []],
  ['one not yet valid', /not yet valid/, ...(await alone({ from: days(1) }))],
  ['an expired one', /expired/, ...(await alone({ from: days(-9), to: days(-1) }))],
  ['one for clients only', /purpose/, ...(await alone({ usage: 'clientAuth' }))],
  ["another's key", /key values mismatch/, { ...good, key: other.key }, [good.cert]],
  ['an issuer that is no CA', /./, await pair({ signedBy: noCa }), [noCa.cert]],
  ['an issuer that is not the one trusted', /./, await pair({ signedBy: ca }), old.trusted],
  ['an issuer that ran out', /expired/, ...(await signedByExpired())],
  ['a name that is missing', /not for localhost/, ...(await alone({ hosts: [HOSTS[0]!, '127.0.0.1'] }))],
  ['an address that is missing', /not for 127/, ...(await alone({ hosts: HOSTS.slice(0, 2) }))],
  ['a common name in place of names', /not for/, ...(await alone({ name: HOSTS[0]!, hosts: [] }))],
  ['RSA of 1024 bits', /too small/, ...(await alone({ bits: 1024 }))],
  ['SHA-1', /SHA1/, ...(await alone({ algorithm: 'sha1' }))],
  ['SHA-1 with RSA', /sha1/, ...(await alone({ algorithm: 'sha1', bits: 2048 }))],
  ['bytes behind the certificate', /./, withGarbage(good), [good.cert]],
  ['a certificate that is none', /./, { ...good, cert: 'nothing' }, [good.cert]],
  ['a key that is none', /./, { ...good, key: 'nothing' }, [good.cert]],
  ['damaged trust', /./, good, ['nothing']],
];

describe('a pair is judged by a handshake', () => {
  for (const [what, tried, trusted] of usable) {
    test(`${what} is used`, async () => assert.equal(await problemOf(tried, trusted, HOSTS), undefined));
  }

  for (const [what, problem, tried, trusted] of unusable) {
    test(`${what} is refused`, async () => {
      assert.match((await problemOf(tried, trusted, HOSTS)) ?? 'no problem', problem);
    });
  }
});

/** A pair that is its own trust anchor. */
async function alone(wanted: Parameters<typeof pair>[0]): Promise<[KeyPair, string[]]> {
  const made = await pair(wanted);
  return [made, [made.cert]];
}

async function signedByExpired(): Promise<[KeyPair, string[]]> {
  const issuer = await pair({ ca: true, from: days(-9), to: days(-1) });
  return [await pair({ signedBy: issuer }), [issuer.cert]];
}

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { beforeEach, describe, test } from 'node:test';
import { silent } from '../../../src/watcher/log.ts';
import { issue } from '../../../src/webhook/certificates/issue.ts';
import type { SecretContent } from '../../../src/webhook/certificates/rotation.ts';
import { OVERLAP_LOOKS, SelfManaged } from '../../../src/webhook/certificates/self-managed.ts';
import type { CertificateStanding, KeyPair } from '../../../src/webhook/certificates/source.ts';
import { contentOf, dataOf, type SecretStore } from '../../../src/webhook/certificates/store.ts';
import { isSelfSigned } from '../../../src/webhook/certificates/verdict.ts';
import { days, HOSTS, legacy, pair, withGarbage } from './pairs.ts';

const FRESH: CertificateStanding = { published: async () => [], looksTrusted: () => 0, early: false };
const PUBLISHED: CertificateStanding = { ...FRESH, looksTrusted: () => OVERLAP_LOOKS };

/** The Secret, with a version that counts writes. */
class Secret implements SecretStore {
  data: Record<string, string> | undefined;
  writes = 0;
  /** The changes that others make between a read and the write that follows. */
  meanwhile: (() => void) | undefined;
  /** The fingerprint of the certificate that somebody asks to be renewed. */
  renew: string | undefined;

  put(content: SecretContent): void {
    this.data = dataOf(content);
    this.writes += 1;
  }

  get content(): SecretContent {
    return contentOf(this.data!);
  }

  async load() {
    if (this.data === undefined) return undefined;
    return {
      content: this.content,
      renew: this.renew,
      secret: { metadata: { resourceVersion: String(this.writes) } },
    };
  }

  async save(content: SecretContent, before: Awaited<ReturnType<SecretStore['load']>>) {
    const meanwhile = this.meanwhile;
    this.meanwhile = undefined;
    meanwhile?.();
    const version = this.data === undefined ? undefined : String(this.writes);
    if (before?.secret.metadata?.resourceVersion !== version) return false;
    this.put(content);
    return true;
  }
}

let secret: Secret;
beforeEach(() => {
  secret = new Secret();
});

const replica = (hosts = HOSTS) => new SelfManaged(secret, hosts, silent);
const content = (serving: KeyPair | undefined, more: Partial<SecretContent> = {}): SecretContent => ({
  serving,
  next: undefined,
  trusted: serving ? [serving.cert] : [],
  caKey: undefined,
  ...more,
});

describe('nothing stored', () => {
  test('a pair is issued and stored, which is all that is trusted, without any key of a CA', async () => {
    const material = await replica().look(FRESH);
    assert.deepEqual(material, { pair: secret.content.serving, trusted: [material.pair.cert] });
    assert.ok(isSelfSigned(material.pair.cert));
    assert.deepEqual(Object.keys(secret.data!).sort(), ['ca.crt', 'tls.crt', 'tls.key']);
    assert.deepEqual(await replica().look(FRESH), material, 'the next replica takes it');
    assert.equal(secret.writes, 1);
  });

  test('of two that issue at once both take what was written first', async () => {
    const answers = await Promise.all([replica().look(FRESH), replica().look(FRESH)]);
    assert.deepEqual(answers[0], answers[1]);
    assert.equal(secret.writes, 1);
  });

  test('a Secret that was deleted is made again, and what is served meanwhile stays trusted', async () => {
    const source = replica();
    const { pair: before, trusted } = await source.look(FRESH);
    secret.data = undefined;
    const after = await source.look({ ...FRESH, published: async () => trusted });
    assert.notEqual(after.pair.cert, before.cert);
    assert.deepEqual(after.trusted, [before.cert, after.pair.cert]);
  });

  test('others that write without an end are an error, not a loop without one', async () => {
    const busy: SecretStore = { load: async () => undefined, save: async () => false };
    await assert.rejects(
      new SelfManaged(busy, HOSTS, silent).look(FRESH),
      /other replicas changed the Secret/,
    );
  });
});

describe('renewal', () => {
  test('the next pair is published for an hour before it is served, and the last one for an hour after', async () => {
    const old = await issue(HOSTS, days(-250));
    secret.put(content(old));
    const source = replica();
    const prepared = await source.look(FRESH);
    const { next } = secret.content;
    assert.deepEqual(prepared, { pair: old, trusted: [old.cert, next!.cert] });
    const writes = secret.writes;
    assert.deepEqual(await source.look({ ...FRESH, looksTrusted: () => OVERLAP_LOOKS - 1 }), prepared);
    assert.equal(secret.writes, writes, 'nothing is written while waiting');
    assert.deepEqual(await source.look(PUBLISHED), { pair: next, trusted: [old.cert, next!.cert] });
    for (let looks = 0; looks < OVERLAP_LOOKS; looks += 1) {
      assert.deepEqual((await source.look(PUBLISHED)).trusted, [old.cert, next!.cert]);
    }
    assert.deepEqual(await source.look(PUBLISHED), { pair: next, trusted: [next!.cert] });
    assert.deepEqual(secret.content, content(next));
  });

  test('a look that came early counts for no time', async () => {
    const [old, current] = [await issue(HOSTS, days(-250)), await issue(HOSTS, days(-2))];
    secret.put(content(current, { trusted: [old.cert, current.cert] }));
    const source = replica();
    for (let looks = 0; looks <= OVERLAP_LOOKS; looks += 1) {
      const { trusted } = await source.look({ ...PUBLISHED, early: true });
      assert.deepEqual(trusted, [old.cert, current.cert]);
    }
  });

  test('a replica that was restarted waits its own hour before it takes trust away', async () => {
    const [old, current] = [await issue(HOSTS, days(-250)), await issue(HOSTS, days(-2))];
    secret.put(content(current, { trusted: [old.cert, current.cert] }));
    assert.deepEqual((await replica().look(PUBLISHED)).trusted, [old.cert, current.cert]);
  });

  test('of two that prepare at once both take what was written first', async () => {
    secret.put(content(await issue(HOSTS, days(-250))));
    const answers = await Promise.all([replica().look(FRESH), replica().look(FRESH)]);
    assert.deepEqual(answers[0], answers[1]);
    assert.equal(answers[0]?.trusted.length, 2);
  });

  test('a pair that runs out within a day is replaced without the hour', async () => {
    const [old, next] = [await issue(HOSTS, days(-364.5)), await issue(HOSTS, new Date())];
    secret.put(content(old, { next, trusted: [old.cert, next.cert] }));
    assert.deepEqual(await replica().look(FRESH), { pair: next, trusted: [old.cert, next.cert] });
    secret.put(content(old));
    const { pair: issued, trusted } = await replica().look(FRESH);
    assert.deepEqual(trusted, [old.cert, issued.cert]);
  });

  test('a next pair from a clock that is ahead is not taken', async () => {
    const [old, next] = [await issue(HOSTS, days(-250)), await issue(HOSTS, days(2))];
    secret.put(content(old, { next, trusted: [old.cert, next.cert] }));
    const { pair: serving } = await replica().look(PUBLISHED);
    assert.deepEqual(serving, old);
    assert.notEqual(secret.content.next?.cert, next.cert);
  });

  test('a clock that is behind by less than an hour finds the pair valid', async () => {
    const ahead = await issue(HOSTS, new Date(Date.now() + 59 * 60_000));
    secret.put(content(ahead));
    assert.deepEqual((await replica().look(FRESH)).pair, ahead);
  });

  test('a name that is new is covered by a new pair, and the one before stays trusted', async () => {
    const { pair: before } = await replica().look(FRESH);
    const { pair: after, trusted } = await replica([...HOSTS, 'other.svc']).look(FRESH);
    assert.notEqual(after.cert, before.cert);
    assert.deepEqual(trusted, [before.cert, after.cert]);
  });
});

describe('a Secret of rollcall 0.1.0', () => {
  test('its pair is served, and all that it needs kept, until the next one was published for an hour', async () => {
    const old = await legacy();
    secret.put(old);
    const source = replica();
    const prepared = await source.look(FRESH);
    const { next } = secret.content;
    assert.ok(isSelfSigned(next!.cert));
    assert.deepEqual(prepared, { pair: old.serving, trusted: [...old.trusted, next!.cert] });
    assert.deepEqual(secret.content, { ...old, next, trusted: prepared.trusted });
  });

  test('given to replicas that serve another pair already, both are trusted, the CA first', async () => {
    const [now, old] = [await pair(), await legacy()];
    secret.put(content(now));
    const source = replica();
    await source.look(FRESH);
    secret.put({ ...old, trusted: [...old.trusted, now.cert] });
    const { pair: served, trusted } = await source.look(FRESH);
    const { next, caKey } = secret.content;
    assert.deepEqual(served, old.serving);
    assert.deepEqual(trusted, [...old.trusted, now.cert, next!.cert]);
    assert.equal(caKey, old.caKey);
    assert.deepEqual((await source.look(FRESH)).trusted, trusted, 'and so at the next look');
  });

  test("then the CA's key is gone at once, and the CA itself an hour later", async () => {
    const old = await legacy();
    secret.put(old);
    const source = replica();
    await source.look(FRESH);
    const { pair: now, trusted } = await source.look(PUBLISHED);
    assert.deepEqual(trusted, [...old.trusted, now.cert]);
    assert.ok(isSelfSigned(now.cert));
    assert.deepEqual(Object.keys(secret.data!).sort(), ['ca.crt', 'tls.crt', 'tls.key']);
    for (let looks = 0; looks <= OVERLAP_LOOKS; looks += 1) await source.look(PUBLISHED);
    assert.deepEqual(secret.content, content(now));
  });
});

const good = await pair();
const other = await pair();
const expired = await pair({ from: days(-9), to: days(-1) });
const [noCa, oldCa] = [await pair(), await legacy()];
const signedByNoCa = await pair({ signedBy: noCa });
const damages: [what: string, content: SecretContent][] = [
  ['no pair', content(undefined)],
  ["another's key", content({ ...good, key: other.key })],
  ['an expired certificate', content(expired)],
  ['one that is not yet valid', content(await pair({ from: days(1) }))],
  ['one for clients', content(await pair({ usage: 'clientAuth' }))],
  ['one with wrong names', content(await pair({ hosts: ['wrong.svc'] }))],
  ['one from an issuer that is no CA', content(signedByNoCa, { trusted: [noCa.cert] })],
  ['one from a CA that is not there', content(oldCa.serving, { trusted: [other.cert] })],
  ['one with SHA-1', content(await pair({ algorithm: 'sha1' }))],
  ['a short RSA key', content(await pair({ bits: 1024 }))],
  ['several certificates', content({ ...good, cert: good.cert + other.cert })],
  ['garbage behind', content({ ...good, cert: `${good.cert}garbage` })],
  ['garbage in the base64', content(withGarbage(good), { trusted: [good.cert] })],
  ['a key that is none', content({ ...good, key: 'nothing' })],
];

describe('a Secret that is not well', () => {
  for (const [what, damaged] of damages) {
    test(`${what}: the pair is issued anew, and what is served meanwhile stays trusted`, async () => {
      secret.put(damaged);
      const { pair: issued, trusted } = await replica().look({
        ...FRESH,
        published: async () => [good.cert],
      });
      assert.deepEqual(secret.content.serving, issued);
      assert.ok(![good.cert, other.cert, damaged.serving?.cert].includes(issued.cert));
      assert.ok(trusted.includes(issued.cert) && trusted.includes(good.cert));
      const writes = secret.writes;
      await replica().look(FRESH);
      assert.equal(secret.writes, writes, 'and all is well');
    });
  }

  test('whoever loses the race to mend it takes no trust away', async () => {
    secret.put(content(good));
    const source = replica();
    for (let looks = 0; looks <= OVERLAP_LOOKS; looks += 1) await source.look(FRESH);
    secret.put(content({ ...good, key: other.key }, { trusted: [good.cert] }));
    secret.meanwhile = () => secret.put(content(other, { trusted: [good.cert, other.cert] }));
    const answer = await source.look({ ...FRESH, published: async () => [good.cert] });
    assert.deepEqual(answer, { pair: other, trusted: [good.cert, other.cert] });
  });

  test('damaged trust of a good pair is mended, and the pair stays', async () => {
    for (const text of ['', 'nothing', 'A'.repeat(1024 * 1024)]) {
      secret.put(content(good));
      secret.data!['ca.crt'] = Buffer.from(text).toString('base64');
      assert.deepEqual(await replica().look(FRESH), { pair: good, trusted: [good.cert] });
      assert.deepEqual(secret.content, content(good));
    }
  });

  test('fields that are huge, of another type or no base64 are as if they were not there', async () => {
    for (const value of ['A'.repeat(1024 * 1024), '!!!', 7, null, {}]) {
      secret.put(content(good));
      (secret.data as Record<string, unknown>)['tls.crt'] = value;
      const { pair: issued } = await replica().look(FRESH);
      assert.notEqual(issued.cert, good.cert);
    }
  });

  test('a next pair that is damaged is dropped, or issued anew when one is due', async () => {
    const next = { ...other, key: good.key };
    secret.put(content(good, { next, trusted: [good.cert, other.cert] }));
    await replica().look(PUBLISHED);
    const dropped = secret.content;
    assert.deepEqual([dropped.serving, dropped.next], [good, undefined]);
    const due = await issue(HOSTS, days(-250));
    secret.put(content(due, { next }));
    const { pair: serving } = await replica().look(PUBLISHED);
    assert.deepEqual(serving, due);
    assert.ok(secret.content.next !== undefined && secret.content.next.cert !== other.cert);
  });
});

describe('a renewal that somebody asks for', () => {
  const fingerprint = ({ cert }: KeyPair) => new X509Certificate(cert).fingerprint256;

  test('it goes the way of every renewal, with its hour of overlap, and happens once', async () => {
    const old = await issue(HOSTS, days(-1));
    secret.put(content(old));
    secret.renew = fingerprint(old);
    const source = replica();
    assert.deepEqual((await source.look(FRESH)).pair, old, 'the next one is published before it is served');
    const { next } = secret.content;
    assert.deepEqual((await source.look(PUBLISHED)).pair, next);
    const { writes } = secret;
    assert.deepEqual((await source.look(PUBLISHED)).pair, next, 'what was asked for is done');
    assert.equal(secret.writes, writes);
  });

  test('what names another certificate asks for nothing', async () => {
    const old = await issue(HOSTS, days(-1));
    secret.put(content(old));
    for (const renew of [fingerprint(await pair()), 'now', '']) {
      secret.renew = renew;
      assert.deepEqual((await replica().look(PUBLISHED)).pair, old);
    }
    assert.equal(secret.content.next, undefined);
  });
});

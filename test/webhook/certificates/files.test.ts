import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, type TestContext, test } from 'node:test';
import { silent } from '../../../src/watcher/log.ts';
import { watchedFile } from '../../../src/webhook/authentication/watched-file.ts';
import { alsoTrusting } from '../../../src/webhook/certificates/also-trusting.ts';
import { CertificateFiles } from '../../../src/webhook/certificates/files.ts';
import { problemOf } from '../../../src/webhook/certificates/judge.ts';
import type { KeyPair } from '../../../src/webhook/certificates/source.ts';
import { HOSTS, pair, pem } from './pairs.ts';

const ca = await pair({ name: 'ca', ca: true });
const [one, two] = [await pair({ signedBy: ca }), await pair({ signedBy: ca })];
const STANDING = { published: async () => [ca.cert], looksTrusted: () => 0, early: false };

let directory: string;
let source: CertificateFiles;

beforeEach(async (t) => {
  directory = await mkdtemp(join(tmpdir(), 'rollcall-tls-'));
  (t as TestContext).after(() => rm(directory, { recursive: true }));
  const files = { cert: join(directory, 'tls.crt'), key: join(directory, 'tls.key') };
  source = new CertificateFiles(files, 'look at the Certificate');
});

const write = async ({ cert, key }: KeyPair, into = directory) => {
  await writeFile(join(into, 'tls.crt'), cert);
  await writeFile(join(into, 'tls.key'), key);
};

/** A volume as a kubelet writes it: each state is a directory, and one link is renamed to lead to the next. */
async function swap(content: KeyPair, state: string): Promise<void> {
  await mkdir(join(directory, state));
  await write(content, join(directory, state));
  await symlink(state, join(directory, '..data_tmp'));
  await rename(join(directory, '..data_tmp'), join(directory, '..data'));
}

test('a pair is read again at each look, and trusted is what the configuration trusts', async () => {
  await write(one);
  const material = await source.look(STANDING);
  assert.deepEqual(material.trusted, [ca.cert]);
  assert.equal(await problemOf(material.pair, material.trusted, HOSTS), undefined);
  await write(two);
  assert.equal((await source.look(STANDING)).pair.cert, two.cert);
});

test('those that signed a certificate are served behind it', async () => {
  const middle = await pair({ name: 'middle', ca: true, signedBy: ca });
  const leaf = await pair({ signedBy: middle });
  await write({ cert: `${leaf.cert}${middle.cert}`, key: leaf.key });
  const { pair: read, trusted } = await source.look(STANDING);
  assert.equal(await problemOf(read, trusted, HOSTS), undefined);
  assert.notEqual(await problemOf(leaf, trusted, HOSTS), undefined, 'the leaf alone is not trusted');
});

test('whenever a kubelet swaps the volume, what is read is one of its states', async () => {
  await swap(one, '..0');
  for (const name of ['tls.crt', 'tls.key']) await symlink(join('..data', name), join(directory, name));
  let swapping = true;
  const swaps = (async () => {
    for (let state = 1; state <= 40; state += 1) await swap(state % 2 === 0 ? one : two, `..${state}`);
    swapping = false;
  })();
  const certs = new Set<string>();
  while (swapping) {
    // A volume that changes at every read is told, and read at the next look.
    const material = await source.look(STANDING).catch(() => undefined);
    if (material === undefined) continue;
    assert.equal(await problemOf(material.pair, material.trusted, HOSTS), undefined);
    certs.add(material.pair.cert);
  }
  await swaps;
  assert.deepEqual((await source.look(STANDING)).pair.cert, one.cert);
  assert.ok(certs.size > 0);
});

const BROKEN: readonly [string, Partial<KeyPair>, RegExp][] = [
  ['no certificate', { cert: 'x' }, /tls\.crt has no certificate in PEM$/],
  ['no key', { key: '' }, /tls\.key does not hold exactly one private key/],
  ['two keys', { key: one.key + two.key }, /tls\.key does not hold exactly one private key/],
  [
    'a key of another certificate',
    { key: two.key },
    /^Error: the key in .*tls\.key is not that of the certificate in .*tls\.crt$/,
  ],
  [
    'a key that is none',
    { key: pem('PRIVATE KEY', 'AAAA') },
    /tls\.key holds a private key that can't be read/,
  ],
  ['more than any pair has', { cert: one.cert.padEnd(40_000) }, /tls\.crt has more than 32768 bytes$/],
];

for (const [what, broken, message] of BROKEN) {
  test(`${what}: the error names the file`, async () => {
    await write({ ...one, ...broken });
    await assert.rejects(source.look(STANDING), message);
  });
}

test('a file that is not there is named', async () => {
  await assert.rejects(source.look(STANDING), /ENOENT.*tls\.crt/);
});

test('while a source changes, the certificates of a file are trusted as well, as they are now', async () => {
  const file = join(directory, 'ca.crt');
  await writeFile(file, ca.cert);
  const own = { look: async () => ({ pair: one, trusted: [one.cert] }) };
  const both = alsoTrusting(
    own,
    watchedFile('--tls-ca-file', file, (text) => text, silent),
  );
  assert.deepEqual((await both.look(STANDING)).trusted, [one.cert, ca.cert]);
  await writeFile(file, two.cert + one.cert);
  assert.deepEqual((await both.look(STANDING)).trusted, [one.cert, two.cert]);
  await rm(file);
  assert.deepEqual((await both.look(STANDING)).trusted, [one.cert, two.cert], 'the last good ones');
});

/** Callers that have to prove that they are the API server, with `--client-ca-file`. */

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { HUNG_MS, PATIENCE_MS } from '../support/deadlines.ts';
import { Attacked } from './attacked.ts';
import { issue, type Pair } from './certificates.ts';
import { askingPod, review } from './reviews.ts';
import { dialTls, exchange } from './wire.ts';

suite('callers that prove themselves', { timeout: HUNG_MS }, () => {
  let attacked: Attacked;
  let directory: string;
  let authority: Pair;
  let server: Pair;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'callers-'));
    authority = await issue({ commonName: 'front CA', isCa: true });
    server = await issue({ commonName: 'kube-apiserver', purpose: 'clientAuth', issuer: authority });
    await writeFile(join(directory, 'ca.pem'), authority.cert);
    attacked = await Attacked.start({
      'client-ca-file': join(directory, 'ca.pem'),
      'client-name': 'kube-apiserver',
    });
  });
  after(async () => {
    await attacked?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  const body = JSON.stringify(review(askingPod()));
  const head = `POST /mutate HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;

  /** The status line of the answer; empty when the connection was ended instead, or nothing came. */
  const status = async (pair: Partial<Pair>, request = head + body): Promise<string> =>
    (await exchange(await dialTls(attacked.port, pair), request, PATIENCE_MS)).split('\r\n')[0]!;

  test('the API server, by its certificate, is answered', async () => {
    assert.match(await status(server), / 200 /);
  });

  test('a caller without a certificate, or with one that proves nothing, is turned away and causes nothing', async () => {
    const since = attacked.api.requests.length;
    const foreign = await issue({ commonName: 'front CA', isCa: true });
    const turnedAway: Record<string, Partial<Pair>> = {
      none: {},
      'self-signed': await issue({ commonName: 'kube-apiserver', purpose: 'clientAuth' }),
      'of another authority of the same name': await issue({
        commonName: 'kube-apiserver',
        purpose: 'clientAuth',
        issuer: foreign,
      }),
      'of another name': await issue({
        commonName: 'system:node:a',
        purpose: 'clientAuth',
        issuer: authority,
      }),
      'of a name that starts with it': await issue({
        commonName: 'kube-apiserver-x',
        purpose: 'clientAuth',
        issuer: authority,
      }),
      expired: await issue({
        commonName: 'kube-apiserver',
        purpose: 'clientAuth',
        issuer: authority,
        notBefore: -9,
        notAfter: -1,
      }),
      'for servers only': await issue({
        commonName: 'kube-apiserver',
        purpose: 'serverAuth',
        issuer: authority,
      }),
    };
    for (const [kind, pair] of Object.entries(turnedAway)) {
      assert.match(await status(pair), /^$| 40[13] /, kind);
    }
    assert.deepEqual(
      attacked.writes(since).filter((write) => write.includes('/demo/')),
      [],
    );
  });

  test('a kubelet needs no certificate to ask how it is', async () => {
    assert.match(await status({}, 'GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'), / 200 /);
  });
});

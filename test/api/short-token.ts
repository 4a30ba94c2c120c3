/** A token that is void within seconds, which no API server gives away: signed with its own key. */

import { sign } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ControlPlane } from '../support/control-plane.ts';
import type { Ending } from '../support/rollcall.ts';
import type { WatchedGroup } from './watched-group.ts';

const ACCOUNT = 'rollcall-watcher';
const ISSUER = 'https://kubernetes.default.svc';
/** The API server forgives clocks that are so far behind its own. */
const LEEWAY_SECONDS = 60;
/** The time for which the API server goes on believing a token that it has checked, whatever its expiry. */
export const SEEN_SECONDS = 10;

async function shortToken(plane: ControlPlane, namespace: string, seconds: number): Promise<string> {
  const account = await plane.must('GET', `/api/v1/namespaces/${namespace}/serviceaccounts/${ACCOUNT}`);
  const key = await readFile(join(plane.directory, 'accounts.key'), 'utf8');
  const expiry = Math.floor(Date.now() / 1000) + seconds - LEEWAY_SECONDS;
  const claims = {
    iss: ISSUER,
    aud: [ISSUER],
    sub: `system:serviceaccount:${namespace}:${ACCOUNT}`,
    iat: expiry - 600,
    nbf: expiry - 600,
    exp: expiry,
    'kubernetes.io': { namespace, serviceaccount: { name: ACCOUNT, uid: account.metadata.uid } },
  };
  const text = [{ alg: 'ES256' }, claims].map((part) => base64(JSON.stringify(part))).join('.');
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

/** Keeps a good token in the group's file, replaced at half its life, as the kubelet does it. */
export async function rotateTokens(
  ending: Ending,
  plane: ControlPlane,
  group: WatchedGroup,
  seconds: number,
): Promise<void> {
  const rotate = async () => {
    const next = `${group.tokenFile}.new`;
    await writeFile(next, await shortToken(plane, group.namespace, seconds));
    await rename(next, group.tokenFile);
  };
  await rotate();
  let rotating = Promise.resolve();
  const timer = setInterval(
    () => {
      // What fails here shows as a token that is void.
      rotating = rotating.then(rotate).catch(() => {});
    },
    (seconds * 1000) / 2,
  );
  ending.after(async () => {
    clearInterval(timer);
    await rotating;
  });
}

const base64 = (text: string) => Buffer.from(text).toString('base64url');

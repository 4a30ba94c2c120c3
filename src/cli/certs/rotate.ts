import { RENEW_ANNOTATION } from '../../certificate-names.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Reference } from '../cluster/kinds.ts';
import { type ClusterAnswer, refusal } from '../cluster/request.ts';
import { at, type Fields } from '../document/value.ts';
import { isTrusted } from './bundle.ts';
import type { CertificateState } from './standing.ts';

/** The plan of a rotation: its steps, or the reason for which there is nothing to do or it can't be done. */
export type RotationPlan =
  | { kind: 'refused'; why: string }
  | { kind: 'nothing'; why: string }
  | { kind: 'ask' | 'now'; steps: readonly string[]; secret: Fields; fingerprint: string };

/**
 * Plans a renewal. Without `now` an annotation asks the replicas for it: they do what they do at two thirds of the
 * life, with an hour of overlap before and after the change. With `now` the Secret is deleted, and the next look of a
 * replica issues another certificate, without the hour before.
 */
export function planOf(
  { source, secret, chain, next, asked, entries, injectedFrom }: CertificateState,
  now: boolean,
): RotationPlan {
  const [certificate] = chain;
  if (source === 'cert-manager') {
    return refused(`cert-manager renews it: cmctl renew ${injectedFrom?.split('/')[1] ?? 'NAME'}`);
  }
  if (source === 'files') return refused('somebody else keeps the files; renew them there');
  if (secret?.object === undefined || certificate === undefined) {
    return refused('the Secret can not be read, or holds no certificate; replicas make one by themselves');
  }
  const untrusting = entries.filter(({ bundle }) => !isTrusted(chain, bundle));
  if (untrusting.length > 0 || entries.length === 0) {
    return refused('what is served is not trusted yet; see rollcall certs status');
  }
  if (!now && (asked || next !== undefined)) {
    return { kind: 'nothing', why: 'a renewal is under way; see rollcall certs status' };
  }
  const fingerprint = certificate.fingerprint256;
  const ask = [
    `write ${RENEW_ANNOTATION}=${fingerprint} on the Secret ${secret.name}`,
    'within a minute a replica issues the next certificate, and API servers trust both',
    'an hour later the next one is served, and an hour after that the old one is trusted no more',
  ];
  const replace = [
    `delete the Secret ${secret.name}`,
    'within a minute a replica issues another certificate, and API servers trust both',
    'within a minute more each replica serves it, and after an hour the old one is trusted no more',
  ];
  return { kind: now ? 'now' : 'ask', steps: now ? replace : ask, secret: secret.object, fingerprint };
}

/** Carries out a plan on just the Secret that was read. Resolves with the reason when that fails, else with undefined. */
export async function carryOut(
  cluster: Cluster,
  system: string,
  { kind, secret, fingerprint }: Extract<RotationPlan, { kind: 'ask' | 'now' }>,
): Promise<string | undefined> {
  const reference: Reference = { kind: 'Secret', namespace: system, name: textAt(secret, 'name') };
  const resourceVersion = textAt(secret, 'resourceVersion');
  const metadata = { resourceVersion, annotations: { [RENEW_ANNOTATION]: fingerprint } };
  const reply =
    kind === 'ask'
      ? await cluster.patch(reference, { metadata })
      : await cluster.delete(reference, { uid: textAt(secret, 'uid'), resourceVersion });
  return failureOf(reply);
}

function failureOf(reply: ClusterAnswer): string | undefined {
  if (reply.status < 300) return undefined;
  if (reply.status === 409) return 'the Secret has changed in the meantime; try again';
  return `the Secret can't be changed (${refusal(reply)})`;
}

function refused(why: string): RotationPlan {
  return { kind: 'refused', why };
}

function textAt(object: Fields, field: string): string {
  return String(at(object, ['metadata', field]));
}

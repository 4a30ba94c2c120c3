import { RENEW_ANNOTATION } from '../../certificate-names.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Reference } from '../cluster/kinds.ts';
import { type ClusterAnswer, refusal, Unreachable } from '../cluster/request.ts';
import { at, type Fields, listAt } from '../document/value.ts';
import { isTrusted } from './bundle.ts';
import type { CertificateState } from './standing.ts';
import { notPublished } from './status.ts';

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
export function planOf(state: CertificateState, now: boolean): RotationPlan {
  const { secret, chain, next, asked, replicas, system } = state;
  const why = elsewhere(state) ?? unfit(state);
  if (why !== undefined) return refused(why);
  const object = secret!.object!;
  const obstacle = now ? undeletable(object) : unwritable(object);
  if (obstacle !== undefined) return refused(obstacle);
  if (!now && (asked || next !== undefined)) {
    return { kind: 'nothing', why: 'a renewal is under way; see rollcall certs status' };
  }
  const former = replicas.find(({ ready, serves }) => ready && serves === 'former');
  if (former !== undefined) {
    return {
      kind: 'nothing',
      why: `a renewal is under way: ${former.name} still serves the one before; see rollcall certs status`,
    };
  }
  const fingerprint = chain[0]!.fingerprint256;
  const ask = [
    `write ${RENEW_ANNOTATION}=${fingerprint} on the Secret ${secret!.name} in ${system}`,
    'within a minute a replica issues the next certificate, and API servers trust both',
    'an hour later the next one is served, and an hour after that the old one is trusted no more',
  ];
  const replace = [
    `delete the Secret ${secret!.name} in ${system}`,
    'within a minute a replica issues another certificate, and API servers trust both',
    'within a minute more each replica serves it, and after an hour the old one is trusted no more',
  ];
  return { kind: now ? 'now' : 'ask', steps: now ? replace : ask, secret: object, fingerprint };
}

/** Returns who renews the certificate where that is not the webhook, or why nobody knows who does. */
function elsewhere({
  source,
  sourceUnknown,
  secret,
  injectedFrom,
  system,
}: CertificateState): string | undefined {
  if (sourceUnknown !== undefined) return `${sourceUnknown}; the Deployment says who renews it`;
  if (source === 'files') {
    const where = secret === undefined ? 'there' : `in the Secret ${secret.name} in ${system}`;
    return `somebody else keeps the files; renew them ${where}`;
  }
  if (source === 'self-managed') return undefined;
  // cert-manager itself writes on the Secret which Certificate it is of.
  const written = at(secret?.object, ['metadata', 'annotations', 'cert-manager.io/certificate-name']);
  const name = typeof written === 'string' ? written : (injectedFrom?.split('/')[1] ?? 'NAME');
  return `cert-manager renews it: cmctl renew ${name} --namespace ${system}`;
}

/** Returns why what is there can't be renewed by the webhook, and what to do. */
function unfit(state: CertificateState): string | undefined {
  const { secret, chain, entries, system } = state;
  if (entries === undefined) return "what API servers trust can't be read; see rollcall certs status";
  if (secret?.object === undefined) {
    return (
      secret?.problem ?? `there is no Secret ${secret?.name} in ${system}; replicas make one within a minute`
    );
  }
  if (chain.length === 0) {
    return (
      `the Secret ${secret.name} in ${system} holds no certificate; replicas mend it within a minute. If it stays so: ` +
      `kubectl -n ${system} delete secret ${secret.name}`
    );
  }
  const untrusting = entries.filter(({ bundle }) => !isTrusted(chain, bundle));
  if (untrusting.length > 0 || entries.length === 0) {
    return 'what is served is not trusted yet; see rollcall certs status';
  }
  return notPublished(state);
}

/** Returns why replicas could not write another certificate into the Secret. */
function unwritable({ immutable }: Fields): string | undefined {
  if (immutable !== true) return undefined;
  return 'the Secret is immutable, so replicas can write nothing into it; --now replaces it';
}

/** Returns why the Secret would stay where it is. */
function undeletable(secret: Fields): string | undefined {
  const [finalizer] = listAt(secret, ['metadata', 'finalizers']);
  if (finalizer === undefined) return undefined;
  return `the Secret has the finalizer ${finalizer}, so it would stay; leave --now out`;
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
  try {
    const reply =
      kind === 'ask'
        ? await cluster.patch(reference, { metadata })
        : await cluster.delete(reference, { uid: textAt(secret, 'uid'), resourceVersion });
    return failureOf(reply);
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    return `${error.message}; whether the Secret was changed is not known: see rollcall certs status`;
  }
}

function failureOf(reply: ClusterAnswer): string | undefined {
  if (reply.status < 300) return undefined;
  // Somebody else has deleted a Secret that is gone, for a rotation of theirs.
  if (reply.status === 409 || reply.status === 404)
    return 'the Secret has changed in the meantime; try again';
  return `the Secret can't be changed (${refusal(reply)})`;
}

function refused(why: string): RotationPlan {
  return { kind: 'refused', why };
}

function textAt(object: Fields, field: string): string {
  return String(at(object, ['metadata', field]));
}

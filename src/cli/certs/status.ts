import type { X509Certificate } from 'node:crypto';
import type { CheckCode } from '../check/codes.ts';
import { holds, isSame, isTrusted } from './bundle.ts';
import { LEAST_SHARE, lifeLeft } from './life.ts';
import type { ServingReplica } from './replicas.ts';
import type { CertificateState, ServedSource, TrustingEntry } from './standing.ts';

export interface CertificateProblem {
  code: CheckCode;
  message: string;
}

/** A certificate as the command shows it. The names of the fields are stable. */
export interface ToldCertificate {
  subject: string;
  fingerprint: string;
  notBefore: string;
  notAfter: string;
  daysLeft: number;
}

export interface CertificateStatus {
  result: 'ok' | 'fail';
  source: ServedSource | 'unknown';
  secret: string | undefined;
  certificate: ToldCertificate | undefined;
  next: ToldCertificate | undefined;
  /** Whether somebody has asked for the renewal of the certificate and it has not been done yet. */
  renewalAsked: boolean;
  trustedBy: string[];
  notTrustedBy: string[];
  injectedFrom: string | undefined;
  replicas: {
    name: string;
    ready: boolean;
    serves: ServingReplica['serves'];
    notAfter: string | undefined;
  }[];
  problems: CertificateProblem[];
  unread: string[];
}

/** Judges the certificates that were read. One that can't be read is listed in `unread`, and is no problem. */
export function statusOf(standing: CertificateState): CertificateStatus {
  const { secret, chain, next, asked, injectedFrom, replicas, unread, now } = standing;
  const entries = standing.entries ?? [];
  const trusting = entries
    .filter(({ bundle }) => isTrusted(chain, usable(bundle, chain, now)))
    .map(({ name }) => name);
  const problems = problemsOf(standing, trusting);
  return {
    result: problems.length === 0 ? 'ok' : 'fail',
    source: sourceOf(standing),
    secret: secret?.name,
    certificate: chain[0] && told(chain[0], now),
    next: next && told(next, now),
    renewalAsked: asked && chain.length > 0,
    trustedBy: trusting,
    notTrustedBy: chain.length === 0 ? [] : others(entries, trusting),
    injectedFrom,
    replicas: replicas.map(({ name, ready, serves, notAfter }) => ({
      name,
      ready,
      serves,
      notAfter: notAfter?.toISOString(),
    })),
    problems,
    unread,
  };
}

/**
 * Returns what API servers use of a bundle: they trust by no CA that has run out. That the certificate itself has run out
 * is told by itself.
 */
function usable(
  bundle: readonly X509Certificate[],
  [leaf]: readonly X509Certificate[],
  now: Date,
): X509Certificate[] {
  return bundle.filter((one) => one.validToDate >= now || (leaf !== undefined && isSame(one, leaf)));
}

function sourceOf({ source, sourceUnknown }: CertificateState): CertificateStatus['source'] {
  return sourceUnknown === undefined ? source : 'unknown';
}

function problemsOf(standing: CertificateState, trusting: readonly string[]): CertificateProblem[] {
  const { secret, chain, replicas, injectedFrom, now } = standing;
  const entries = standing.entries ?? [];
  const problems: CertificateProblem[] = [];
  const add = (code: CheckCode, message: string) => void problems.push({ code, message });
  const [certificate] = chain;
  if (certificate !== undefined) {
    const untrusting = others(entries, trusting);
    const { days, share } = lifeLeft(certificate, now);
    const outdated = entries
      .filter(({ name, bundle }) => untrusting.includes(name) && isTrusted(chain, bundle))
      .map(({ name }) => name);
    if (outdated.length > 0)
      add('certificate-expired', `the CA by which ${outdated.join(' and ')} trust it has run out`);
    if (standing.entries?.length === 0) add('certificate-not-trusted', 'the configuration has no entry');
    const unknown = untrusting.filter((name) => !outdated.includes(name));
    if (unknown.length > 0) add('certificate-not-trusted', `not trusted by ${unknown.join(' and ')}`);
    const lacking = notPublished(standing);
    if (untrusting.length === 0 && lacking !== undefined) add('certificate-not-trusted', lacking);
    if (certificate.validFromDate > now)
      add('certificate-not-trusted', `it is not valid before ${certificate.validFromDate.toISOString()}`);
    if (days < 0) add('certificate-expired', 'the certificate has run out');
    else if (share < LEAST_SHARE)
      add('certificate-not-renewed', `it runs out in ${days} days and was to be renewed before`);
  } else if (secret !== undefined && standing.unread.length === 0) {
    add('certificate-not-trusted', `the Secret ${secret.name} is not there, or holds no certificate`);
  }
  if (sourceOf(standing) === 'self-managed' && injectedFrom !== undefined)
    add('certificate-not-trusted', `both the webhook and cert-manager (${injectedFrom}) write the bundles`);
  // Nobody else notices a replica that serves a certificate which has run out.
  for (const { name, notAfter, serves } of replicas) {
    if (notAfter !== undefined && notAfter < now)
      add('certificate-expired', `what ${name} serves has run out`);
    else if (serves === 'another' && namesCertificates(entries))
      add('certificate-not-trusted', `what ${name} serves is not trusted by each entry`);
  }
  return problems;
}

/**
 * Returns a sentence where an entry does not trust all that the webhook publishes. It publishes again each minute, so
 * somebody else writes too, and no certificate that is published next can ever be served.
 */
export function notPublished({ entries = [], published }: CertificateState): string | undefined {
  const lacking = entries.find(({ bundle }) => !holds(bundle, published));
  return (
    lacking &&
    `${lacking.name} does not trust all that the webhook publishes; if that lasts for minutes, somebody else writes ` +
      'caBundle, such as a GitOps controller: let it ignore /webhooks/*/clientConfig/caBundle'
  );
}

/** Tells whether the bundles hold what is served itself. A bundle with a CA does not say which certificates those are. */
function namesCertificates(entries: readonly TrustingEntry[]): boolean {
  return entries.every(({ bundle }) => bundle.every(({ ca }) => !ca));
}

function others(entries: readonly TrustingEntry[], trusting: readonly string[]): string[] {
  return entries.map(({ name }) => name).filter((name) => !trusting.includes(name));
}

function told(certificate: X509Certificate, now: Date): ToldCertificate {
  const { subject, fingerprint256, validFromDate, validToDate } = certificate;
  return {
    // A certificate may have no subject but its names. Line breaks would look like lines of ours.
    subject: (subject ?? '').replace(/\s+/g, ' '),
    fingerprint: fingerprint256,
    notBefore: validFromDate.toISOString(),
    notAfter: validToDate.toISOString(),
    daysLeft: lifeLeft(certificate, now).days,
  };
}

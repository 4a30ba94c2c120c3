import { X509Certificate } from 'node:crypto';
import { UsageError } from '../../config.ts';
import type { WebhookConfig } from '../../injector-options.ts';
import { standingOf } from '../certs/standing.ts';
import { statusOf } from '../certs/status.ts';
import { refusal } from '../cluster/request.ts';
import { at, isFields } from '../document/value.ts';
import { entriesOf } from '../explain/entries.ts';
import { CONFIGURATION } from '../explain/webhook.ts';
import { type CheckContext, type Finding, fail, ok, unread, warn } from './finding.ts';
import { INSTALL } from './installation.ts';
import { webhookConfigOf } from './installed.ts';

const DAY_MS = 86_400_000;
/** Renewal is due when a third of the life is left; with a quarter left, it has failed for a while. */
const LEAST_SHARE = 0.25;

/** Whether the API server trusts what the webhook serves, and for how long. */
export async function certificates(place: CheckContext): Promise<Finding> {
  const reply = await place.cluster.get(CONFIGURATION);
  if (reply.status === 404)
    return fail('not-installed', 'there is nothing yet that would trust them', INSTALL);
  if (reply.status !== 200) return unread('the MutatingWebhookConfiguration', reply);
  if ((await sourceIn(place)) !== 'self-managed') return ofSomebodyElse(place);
  const bundles = entriesOf(reply.body).map((entry) => at(entry, ['clientConfig', 'caBundle']));
  const [bundle] = bundles;
  const logs = `see the log: kubectl -n ${place.system} logs deployment/rollcall`;
  const untrusted = (message: string, hint = logs) => fail('certificate-not-trusted', message, hint);
  if (bundles.some((one) => typeof one !== 'string'))
    return untrusted('an entry has no caBundle', `the webhook adds it; ${logs}`);
  const trusted = certificatesIn(bundle);
  if (bundles.some((one) => !sameAs(trusted, one))) return untrusted('the entries have different caBundles');
  const secret = await place.cluster.get({ kind: 'Secret', namespace: place.system, name: 'rollcall-tls' });
  if (secret.status === 404)
    return untrusted('there is no Secret rollcall-tls', `the webhook makes it; ${logs}`);
  const data = isFields(secret.body.data) ? secret.body.data : {};
  const readable = secret.status === 200;
  if (readable && !sameAs(trusted, data['ca.crt']))
    return untrusted('the entries do not trust what the Secret says');
  // While a certificate is replaced, the bundle has the old one and the new one.
  const served = readable ? certificatesIn(data['tls.crt']) : trusted;
  const { days, share } = longest(served, place.now);
  if (days < 0) return fail('certificate-expired', 'a certificate has run out', logs);
  if (share < LEAST_SHARE)
    return warn('certificate-not-renewed', `a certificate runs out in ${days} days`, logs);
  const left = `${days} days are left`;
  if (readable) return ok(`the entries and the Secret agree; ${left}`);
  return warn(
    'unreadable',
    `${left}; the Secret can't be read (${refusal(secret)})`,
    'check as an administrator',
  );
}

async function sourceIn({ cluster, system }: CheckContext): Promise<WebhookConfig['certificates']> {
  const reply = await cluster.get({ kind: 'Deployment', namespace: system, name: 'rollcall' });
  try {
    return webhookConfigOf(reply.body).certificates;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return 'self-managed';
  }
}

/** Files and bundles are kept by others, so what counts is whether they go together. */
async function ofSomebodyElse({ cluster, system, now }: CheckContext): Promise<Finding> {
  const standing = await standingOf(cluster, system);
  if (standing === undefined) return fail('not-installed', 'there is nothing that would trust them', INSTALL);
  const { source, certificate, problems, unread: unknown } = statusOf(standing, now);
  const hint =
    source === 'cert-manager' ? `kubectl -n ${system} describe certificates` : 'rollcall certs status';
  const [problem] = problems;
  if (problem !== undefined)
    return (problem.code === 'certificate-not-renewed' ? warn : fail)(problem.code, problem.message, hint);
  if (certificate === undefined)
    return warn('unreadable', unknown[0] ?? 'the certificate is in no Secret', 'rollcall certs status');
  return ok(`the entries trust the certificate of ${source}; ${certificate.daysLeft} days are left`);
}

/** Returns the certificates of a bundle that is encoded in base64. */
function certificatesIn(base64: unknown): string[] {
  const text = Buffer.from(typeof base64 === 'string' ? base64 : '', 'base64').toString();
  return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

/** Compares two bundles without their order, because the webhook accepts every order. */
function sameAs(certificates: readonly string[], base64: unknown): boolean {
  return certificates.toSorted().join() === certificatesIn(base64).toSorted().join();
}

interface Left {
  days: number;
  /** Of the whole life. */
  share: number;
}

/** What is left of the certificate that lives longest; less than nothing where none can be read. */
function longest(pems: readonly string[], now: Date): Left {
  const all = pems.map((pem) => leftOf(pem, now));
  return all.reduce((most, one) => (one.days > most.days ? one : most), { days: -1, share: 0 });
}

function leftOf(pem: string, now: Date): Left {
  try {
    const { validFromDate, validToDate } = new X509Certificate(pem);
    const left = validToDate.getTime() - now.getTime();
    return {
      days: Math.floor(left / DAY_MS),
      share: left / (validToDate.getTime() - validFromDate.getTime()),
    };
  } catch {
    return { days: -1, share: 0 };
  }
}

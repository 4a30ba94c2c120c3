import type { X509Certificate } from 'node:crypto';
import type { WebhookConfig } from '../../injector-options.ts';
import { bundleOf, holds, isSameBundle } from '../certs/bundle.ts';
import { LEAST_SHARE, type LifeLeft, lifeLeft } from '../certs/life.ts';
import { standingOf } from '../certs/standing.ts';
import { statusOf } from '../certs/status.ts';
import { refusal } from '../cluster/request.ts';
import { at, type Fields, isFields } from '../document/value.ts';
import { entriesOf } from '../explain/entries.ts';
import { CONFIGURATION } from '../explain/webhook.ts';
import { type CheckContext, type Finding, fail, ok, unread, warn } from './finding.ts';
import { INSTALL } from './installation.ts';
import { webhookConfigOrDefaults } from './installed.ts';

/** Checks that API servers trust the certificate that the webhook serves, and that it has been renewed in time. */
export async function certificates(place: CheckContext): Promise<Finding> {
  const { cluster, system } = place;
  const reply = await cluster.get(CONFIGURATION);
  if (reply.status === 404)
    return fail('not-installed', 'there is nothing yet that would trust them', INSTALL);
  if (reply.status !== 200) return unread('the MutatingWebhookConfiguration', reply);
  const deployment = await cluster.get({ kind: 'Deployment', namespace: system, name: 'rollcall' });
  const config = webhookConfigOrDefaults(deployment);
  if (config.certificates !== 'self-managed') return ofSomebodyElse(place);
  // The clock that counts is that of the API server.
  return ofWebhook({ ...place, now: reply.date ?? place.now }, reply.body, config);
}

/** Compares the bundles with each other and with the Secret, which the webhook all writes itself. */
async function ofWebhook(
  { cluster, system, now }: CheckContext,
  configuration: Fields,
  { secret: name, tlsCaFile }: WebhookConfig,
): Promise<Finding> {
  const bundles = entriesOf(configuration).map((entry) => at(entry, ['clientConfig', 'caBundle']));
  const logs = `see the log: kubectl -n ${system} logs deployment/rollcall`;
  const untrusted = (message: string, hint = logs) => fail('certificate-not-trusted', message, hint);
  if (bundles.some((one) => typeof one !== 'string'))
    return untrusted('an entry has no caBundle', `the webhook adds it within a minute; ${logs}`);
  const trusted = bundleOf(bundles[0]);
  if (bundles.some((one) => !isSameBundle(trusted, bundleOf(one))))
    return untrusted('the entries have different caBundles');
  const secret = await cluster.get({ kind: 'Secret', namespace: system, name });
  if (secret.status === 404)
    return untrusted(`there is no Secret ${name}`, `the webhook makes it within a minute; ${logs}`);
  const data = isFields(secret.body.data) ? secret.body.data : {};
  const readable = secret.status === 200;
  // While the source of certificates changes, a CA of somebody else is trusted as well.
  const agrees = tlsCaFile === undefined ? isSameBundle : holds;
  if (readable && !agrees(trusted, bundleOf(data['ca.crt'])))
    return untrusted('the entries do not trust what the Secret says');
  // While a certificate is replaced, the bundle has the old one and the new one.
  const { days, share } = longest(readable ? bundleOf(data['tls.crt']) : trusted, now);
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

/** Returns the life that is left of the certificate that lives longest. Without a certificate it has run out. */
function longest(certificates: readonly X509Certificate[], now: Date): LifeLeft {
  const all = certificates.map((one) => lifeLeft(one, now));
  return all.reduce((most, one) => (one.days > most.days ? one : most), { days: -1, share: 0 });
}

/** Checks that the certificate and the bundles go together, where somebody else writes both. */
async function ofSomebodyElse({ cluster, system }: CheckContext): Promise<Finding> {
  const standing = await standingOf(cluster, system);
  if (standing === undefined) return fail('not-installed', 'there is nothing that would trust them', INSTALL);
  const { source, certificate, problems, unread: unknown } = statusOf(standing);
  const hint =
    source === 'cert-manager' ? `kubectl -n ${system} describe certificates` : 'rollcall certs status';
  const [problem] = problems;
  if (problem !== undefined)
    return (problem.code === 'certificate-not-renewed' ? warn : fail)(problem.code, problem.message, hint);
  if (certificate === undefined)
    return warn('unreadable', unknown[0] ?? 'the certificate is in no Secret', 'rollcall certs status');
  return ok(`the entries trust the certificate of ${source}; ${certificate.daysLeft} days are left`);
}

import { X509Certificate } from 'node:crypto';
import { ROLES } from '../../inject/account.ts';
import { type ClusterAnswer, refusal } from '../cluster/request.ts';
import { at, isFields } from '../document/value.ts';
import { ENTRIES, entriesOf } from '../explain/entries.ts';
import { CONFIGURATION, readyEndpoints } from '../explain/webhook.ts';
import { RULES } from '../inject/access-objects.ts';
import type { Check, Finding, Place } from './finding.ts';
import { groupSizes } from './group-sizes.ts';
import { tryCheckPod } from './try-pod.ts';

const INSTALL = 'kubectl apply -k deploy';
const DAY_MS = 86_400_000;
/**
 * The days below which a certificate is warned of. The webhook renews four months ahead, so with a month left
 * it does not renew.
 */
const LEAST_DAYS = 30;

export const CHECKS: readonly Check[] = [
  { name: 'api', run: api, first: true },
  { name: 'webhook-configuration', run: configuration },
  { name: 'certificates', run: certificates },
  { name: 'deployment', run: deployment },
  { name: 'endpoints', run: endpoints },
  { name: 'cluster-role', run: clusterRoles },
  { name: 'policies', run: policies },
  { name: 'group-sizes', run: groupSizes },
  { name: 'dry-run', run: tryCheckPod },
];

async function api({ cluster }: Place): Promise<Finding> {
  const reply = await cluster.version();
  if (reply.status !== 200) {
    return fail(
      `the API server at ${cluster.server} says ${refusal(reply)}`,
      'check the user of the kubeconfig',
    );
  }
  const { major, minor, gitVersion } = reply.body;
  const number = Number(major) * 100 + Number.parseInt(String(minor), 10);
  const message = `Kubernetes ${gitVersion} at ${cluster.server}`;
  // matchConditions are stable from 1.30, native sidecars from 1.33.
  if (number >= 133) return ok(message);
  if (number >= 130) {
    return {
      status: 'warn',
      message,
      hint: 'native sidecars are stable from 1.33; before, see rollcall.dev/native-sidecar',
    };
  }
  return fail(message, 'matchConditions need 1.30: the webhook would be called for all pods');
}

async function configuration({ cluster }: Place): Promise<Finding> {
  const reply = await cluster.get(CONFIGURATION);
  if (reply.status === 404) return fail(`there is no ${CONFIGURATION.kind} "${CONFIGURATION.name}"`, INSTALL);
  if (reply.status !== 200) return unread('the MutatingWebhookConfiguration', reply);
  const present = entriesOf(reply.body).map(({ name }) => name);
  const missing = ENTRIES.map(({ name }) => name).filter((name) => !present.includes(name));
  if (missing.length > 0) return fail(`it has no entry ${missing.join(' and ')}`, INSTALL);
  return ok(`entries ${present.join(' and ')}`);
}

async function certificates(place: Place): Promise<Finding> {
  const reply = await place.cluster.get(CONFIGURATION);
  if (reply.status === 404) return fail('there is nothing yet that would trust them', INSTALL);
  if (reply.status !== 200) return unread('the MutatingWebhookConfiguration', reply);
  const bundles = entriesOf(reply.body).map((entry) => at(entry, ['clientConfig', 'caBundle']));
  const [bundle] = bundles;
  const logs = `see the log: kubectl -n ${place.system} logs deployment/rollcall`;
  if (bundles.some((one) => typeof one !== 'string'))
    return fail('an entry has no caBundle', `the webhook adds it; ${logs}`);
  const trusted = certificatesIn(bundle);
  if (bundles.some((one) => !sameAs(trusted, one))) return fail('the entries have different caBundles', logs);
  const secret = await place.cluster.get({ kind: 'Secret', namespace: place.system, name: 'rollcall-tls' });
  if (secret.status === 404) return fail('there is no Secret rollcall-tls', `the webhook makes it; ${logs}`);
  const data = isFields(secret.body.data) ? secret.body.data : {};
  const readable = secret.status === 200;
  if (readable && !sameAs(trusted, data['ca.crt']))
    return fail('the entries do not trust what the Secret says', logs);
  // While a certificate is replaced, the bundle has the old one and the new one.
  const served = readable ? certificatesIn(data['tls.crt']) : trusted;
  const days = Math.max(-1, ...served.map((pem) => daysLeft(pem, place.now)));
  if (days < 0) return fail('a certificate has run out', logs);
  if (days < LEAST_DAYS)
    return { status: 'warn', message: `a certificate runs out in ${days} days`, hint: logs };
  const left = `${days} days are left`;
  if (readable) return ok(`the entries and the Secret agree; ${left}`);
  return {
    status: 'warn',
    message: `${left}; the Secret can't be read (${refusal(secret)})`,
    hint: 'check as an administrator',
  };
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

/** Returns the days until the certificate expires, or -1 when it can't be read. */
function daysLeft(pem: string, now: Date): number {
  try {
    return Math.floor((new X509Certificate(pem).validToDate.getTime() - now.getTime()) / DAY_MS);
  } catch {
    return -1;
  }
}

async function deployment({ cluster, system }: Place): Promise<Finding> {
  const reply = await cluster.get({ kind: 'Deployment', namespace: system, name: 'rollcall' });
  if (reply.status === 404) return fail(`there is no Deployment rollcall in ${system}`, INSTALL);
  if (reply.status !== 200) return unread('the Deployment', reply);
  const available = Number(at(reply.body, ['status', 'availableReplicas']) ?? 0);
  const message = `${available} of ${at(reply.body, ['spec', 'replicas']) ?? 1} replicas are available`;
  if (available === 0)
    return fail(message, `kubectl -n ${system} describe pods -l app.kubernetes.io/name=rollcall`);
  if (available === 1) return { status: 'warn', message, hint: 'with two, one can go without an outage' };
  return ok(message);
}

async function endpoints({ cluster, system }: Place): Promise<Finding> {
  const ready = await readyEndpoints(cluster, system, 'rollcall');
  if (typeof ready === 'string') return { status: 'warn', message: ready };
  if (ready > 0) return ok(`ready endpoints of the Service: ${ready}`);
  return fail(
    'no endpoint of the Service is ready',
    `kubectl -n ${system} get pods -l app.kubernetes.io/name=rollcall`,
  );
}

async function clusterRoles({ cluster }: Place): Promise<Finding> {
  const lacking: string[] = [];
  for (const role of Object.values(ROLES)) {
    const reply = await cluster.get({ kind: 'ClusterRole', name: role });
    if (reply.status === 404) return fail(`there is no ClusterRole ${role}`, INSTALL);
    if (reply.status !== 200) return unread('the ClusterRole', reply);
    const rules = (reply.body.rules ?? []) as { resources?: string[]; verbs?: string[] }[];
    for (const { resources, verbs } of RULES[role]) {
      const given = rules.filter((rule) => rule.resources?.includes(resources[0]!));
      if (given.some((rule) => verbs.every((verb) => rule.verbs?.includes(verb)))) continue;
      lacking.push(`${role} may not list and watch ${resources[0]}`);
    }
  }
  if (lacking.length > 0) return fail(lacking.join(', '), INSTALL);
  return ok(`${ROLES.slices} may list and watch endpointslices, ${ROLES.pods} pods`);
}

async function policies({ cluster }: Place): Promise<Finding> {
  const reply = await cluster.get({ kind: 'ValidatingAdmissionPolicy', name: 'rollcall-misplaced' });
  if (reply.status === 200) return ok('mistakes on workloads and namespaces are warned of');
  const message =
    reply.status === 404
      ? 'mistakes on workloads and namespaces are not warned of'
      : `the policies say ${refusal(reply)}`;
  return { status: 'warn', message, hint: 'deploy/policies.yaml has the policies' };
}

function ok(message: string): Finding {
  return { status: 'ok', message };
}

function fail(message: string, hint: string): Finding {
  return { status: 'fail', message, hint };
}

function unread(what: string, reply: ClusterAnswer): Finding {
  return {
    status: 'warn',
    message: `${what} can't be read (${refusal(reply)})`,
    hint: 'check as somebody who may',
  };
}

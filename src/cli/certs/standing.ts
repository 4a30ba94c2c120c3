import type { X509Certificate } from 'node:crypto';
import { basename, dirname } from 'node:path';
import { RENEW_ANNOTATION } from '../../certificate-names.ts';
import type { WebhookConfig } from '../../injector-options.ts';
import { settingsProblem, webhookConfigOrDefaults } from '../check/installed.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { type ClusterAnswer, refusal } from '../cluster/request.ts';
import { at, type Fields, isFields, listAt, type Value } from '../document/value.ts';
import { entriesOf } from '../explain/entries.ts';
import { CONFIGURATION } from '../explain/webhook.ts';
import { bundleOf, isSame } from './bundle.ts';
import { replicasOf, type ServingReplica } from './replicas.ts';

export type ServedSource = WebhookConfig['certificates'];

/** An entry of the webhook configuration, with the certificates that API servers trust for it. */
export interface TrustingEntry {
  name: string;
  bundle: X509Certificate[];
}

/** The state of the webhook's certificates, as far as a cluster shows it. */
export interface CertificateState {
  /** The namespace of the webhook. */
  system: string;
  /** The time of the API server, which judges certificates; that of this machine where it does not say it. */
  now: Date;
  source: ServedSource;
  /** Why nobody knows the source, which then is the default; undefined where the Deployment says it. */
  sourceUnknown: string | undefined;
  /**
   * The Secret that holds the certificate, or why it can't be read; undefined where the certificate comes from
   * something else that is mounted.
   */
  secret: { name: string; object: Fields | undefined; problem: string | undefined } | undefined;
  /** The certificate that replicas should serve, then those that signed it. It is empty where it can't be read. */
  chain: X509Certificate[];
  /** The certificate that replicas will serve next, where it is published already. */
  next: X509Certificate | undefined;
  /** Whether somebody has asked for the renewal of the first certificate of the chain. */
  asked: boolean;
  /** The certificates that a webhook that manages them itself publishes. */
  published: X509Certificate[];
  /** The entries of the configuration; undefined where it can't be read. */
  entries: TrustingEntry[] | undefined;
  /** The Certificate of cert-manager by which its cainjector writes the bundles. */
  injectedFrom: string | undefined;
  replicas: ServingReplica[];
  /** A sentence for each thing that could not be read, which says why. */
  unread: string[];
}

/** Reads the state of the certificates. Resolves with undefined where there is no webhook configuration. */
export async function standingOf(cluster: Cluster, system: string): Promise<CertificateState | undefined> {
  const configuration = await cluster.get(CONFIGURATION);
  if (configuration.status === 404) return undefined;
  const deployment = await cluster.get({ kind: 'Deployment', namespace: system, name: 'rollcall' });
  const config = webhookConfigOrDefaults(deployment);
  const sourceUnknown = sourceProblem(deployment, system);
  const name = secretNameOf(deployment.body, config);
  const reply =
    name === undefined ? undefined : await cluster.get({ kind: 'Secret', namespace: system, name });
  const data = reply?.status === 200 && isFields(reply.body.data) ? reply.body.data : {};
  const secret = name === undefined || reply === undefined ? undefined : readSecret(name, reply);
  const [file, nextFile] =
    config.certificates === 'self-managed' ? ['tls.crt', 'next.crt'] : [basename(config.tlsCertFile), ''];
  const chain = bundleOf(data[file]);
  const [next] = bundleOf(data[nextFile]);
  const { replicas, problem } = await replicasOf(cluster, system, config.port);
  const entries = configuration.status === 200 ? trustingEntries(configuration.body) : undefined;
  return {
    system,
    now: configuration.date ?? new Date(),
    source: config.certificates,
    sourceUnknown,
    secret,
    chain,
    next,
    asked: at(reply?.body, ['metadata', 'annotations', RENEW_ANNOTATION]) === chain[0]?.fingerprint256,
    published: config.certificates === 'self-managed' ? bundleOf(data['ca.crt']) : [],
    entries,
    injectedFrom: textAt(configuration.body, ['metadata', 'annotations', 'cert-manager.io/inject-ca-from']),
    replicas: replicas.map((one) => ({ ...one, serves: servedBy(one, chain[0], next, entries ?? []) })),
    unread: [
      ...told('the MutatingWebhookConfiguration', configuration),
      ...(sourceUnknown === undefined ? [] : [sourceUnknown]),
      ...(secret?.problem === undefined ? [] : [secret.problem]),
      ...(problem === undefined ? [] : [problem]),
    ],
  };
}

function readSecret(name: string, reply: ClusterAnswer): CertificateState['secret'] {
  const [problem] = told(`the Secret ${name}`, reply);
  return { name, object: reply.status === 200 ? reply.body : undefined, problem };
}

function trustingEntries(configuration: Fields): TrustingEntry[] {
  return entriesOf(configuration).map((entry) => ({
    name: entry.name,
    bundle: bundleOf(at(entry, ['clientConfig', 'caBundle'])),
  }));
}

/** Returns why the Deployment does not say where certificates come from. */
function sourceProblem(deployment: ClusterAnswer, system: string): string | undefined {
  if (deployment.status === 404) {
    return `there is no Deployment rollcall in ${system}; if the webhook runs elsewhere, give --system-namespace`;
  }
  if (deployment.status !== 200) return `the Deployment can't be read (${refusal(deployment)})`;
  const problem = settingsProblem(deployment.body);
  return problem && `the settings of the Deployment can't be understood (${problem})`;
}

/** Returns a sentence where an object could not be read. A 404 is none: whoever needs the object reports it missing. */
function told(what: string, reply: ClusterAnswer): string[] {
  return reply.status === 200 || reply.status === 404 ? [] : [`${what} can't be read (${refusal(reply)})`];
}

function secretNameOf(deployment: Value, { certificates, secret, tlsCertFile }: WebhookConfig) {
  if (certificates === 'self-managed') return secret;
  const spec = at(deployment, ['spec', 'template', 'spec']);
  const mounts = listAt(spec, ['containers']).flatMap((container) => listAt(container, ['volumeMounts']));
  const mount = mounts.find((one) => at(one, ['mountPath']) === dirname(tlsCertFile));
  const volume = listAt(spec, ['volumes']).find((one) => at(one, ['name']) === at(mount, ['name']));
  return mount === undefined ? undefined : textAt(volume, ['secret', 'secretName']);
}

/**
 * Tells which certificate a replica serves. It compares the times of validity, to the second, since the metrics of a
 * replica say no more.
 */
function servedBy(
  replica: ServingReplica,
  current: X509Certificate | undefined,
  next: X509Certificate | undefined,
  entries: readonly TrustingEntry[],
): ServingReplica['serves'] {
  const is = (certificate: X509Certificate) =>
    certificate.validToDate.getTime() === replica.notAfter?.getTime() &&
    certificate.validFromDate.getTime() === replica.notBefore?.getTime();
  if (replica.notAfter === undefined || current === undefined) return 'unknown';
  if (is(current)) return 'current';
  if (next !== undefined && is(next) && !isSame(current, next)) return 'next';
  return entries.length > 0 && entries.every(({ bundle }) => bundle.some(is)) ? 'former' : 'another';
}

function textAt(value: Value | undefined, path: readonly string[]): string | undefined {
  const found = at(value, path);
  return typeof found === 'string' ? found : undefined;
}

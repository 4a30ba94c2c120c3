import type { V1Secret } from '@kubernetes/client-node';
import { RENEW_ANNOTATION } from '../../certificate-names.ts';
import { type Api, ifThere, isStatus, sentenceOf } from '../api/api.ts';
import { secretPath, secretsPath } from '../api/paths.ts';
import { certificatesIn, PEM_LIMIT, pairIn } from './pem.ts';
import type { SecretContent } from './rotation.ts';

/** The content of the Secret, and the Secret as it was read, whose other fields are kept. */
export interface Stored {
  content: SecretContent;
  /** The fingerprint of the certificate that somebody asks to be renewed, if it is the one that is served. */
  renew?: string | undefined;
  secret: V1Secret;
}

/** A store in one Secret, so that all replicas, and later ones, use the same certificates. */
export interface SecretStore {
  /** Resolves with undefined when there is no Secret. */
  load(): Promise<Stored | undefined>;
  /**
   * Resolves with false when the Secret was changed or deleted in the meantime. The caller then loads it
   * again.
   */
  save(content: SecretContent, before: Stored | undefined): Promise<boolean>;
}

export function secretStore(api: Api, namespace: string, name: string): SecretStore {
  return {
    async load() {
      const secret = await ifThere(api.get<V1Secret>(secretPath(namespace, name)));
      if (secret === undefined) return undefined;
      const renew = secret.metadata?.annotations?.[RENEW_ANNOTATION];
      return { content: contentOf(secret.data ?? {}), renew, secret };
    },

    async save(content, before) {
      const body = secretOf(content, name, before?.secret);
      try {
        if (before === undefined) await api.create(secretsPath(namespace), body);
        // The metadata has the version that was read.
        else await api.replace(secretPath(namespace, name), body);
        return true;
      } catch (error) {
        if (isStatus(error, 409) || (before !== undefined && isStatus(error, 404))) return false;
        // It is immutable, or of a type that asks for other data. The webhook has no right to delete it.
        if (before !== undefined && isStatus(error, 422)) {
          throw new Error(
            `the Secret ${name} takes no certificate; delete it, and a replica makes another: ${sentenceOf(error)}`,
          );
        }
        throw error;
      }
    },
  };
}

/**
 * Returns the Secret to write. Metadata and type stay as they are: labels may belong to others, and a type
 * can't be changed.
 */
function secretOf(content: SecretContent, name: string, before: V1Secret | undefined): V1Secret {
  const metadata = before?.metadata ?? { name, labels: { 'app.kubernetes.io/managed-by': 'rollcall' } };
  return { metadata, type: before?.type ?? 'kubernetes.io/tls', data: dataOf(content) };
}

/**
 * Returns the data of the Secret: `tls.crt` and `tls.key` are the served pair, `next.crt` and `next.key` the
 * next pair, `ca.crt` the trusted certificates. `ca.key` exists only while the served pair is one that
 * rollcall 0.1.0 signed.
 */
export function dataOf({ serving, next, trusted, caKey }: SecretContent): Record<string, string> {
  const texts = {
    'ca.crt': trusted.join(''),
    'ca.key': caKey,
    'tls.crt': serving?.cert,
    'tls.key': serving?.key,
    'next.crt': next?.cert,
    'next.key': next?.key,
  };
  return Object.fromEntries(
    Object.entries(texts).flatMap(([name, text]) =>
      text === undefined ? [] : [[name, Buffer.from(text).toString('base64')]],
    ),
  );
}

/**
 * Returns the content of the Secret's data. Anybody may have written it, so what can't be parsed counts as
 * missing.
 */
export function contentOf(data: Record<string, unknown>): SecretContent {
  const text = (name: string): string => {
    const base64 = data[name];
    // Four characters of base64 are three bytes.
    if (typeof base64 !== 'string' || base64.length > (PEM_LIMIT * 4) / 3) return '';
    return Buffer.from(base64, 'base64').toString();
  };
  return {
    serving: pairIn(text('tls.crt'), text('tls.key')),
    next: pairIn(text('next.crt'), text('next.key')),
    trusted: certificatesIn(text('ca.crt')),
    caKey: text('ca.key') || undefined,
  };
}

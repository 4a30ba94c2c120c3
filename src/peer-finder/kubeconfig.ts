import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { UsageError } from '../config.ts';
import type { CredentialTexts } from '../watcher/kubernetes/credentials.ts';
import { isFields, type ObjectFields } from '../watcher/kubernetes/fields.ts';
import type { UpstreamOptions } from '../watcher/kubernetes/upstream.ts';

/**
 * Reads the API server of a kubeconfig's current context, its CA and the bearer token. Flags override them.
 * Data that the kubeconfig has inline stays in memory, and counts before the file that it names beside it.
 * Throws `UsageError` for a file that can't be used, or that needs a client certificate or a program.
 */
export async function withKubeconfig(
  file: string,
  given: UpstreamOptions,
): Promise<UpstreamOptions & CredentialTexts> {
  const config = await read(file);
  const wrong = (what: string) => new UsageError(`-kubeconfig: "${file}" ${what}`);
  const context = named(config.contexts, config['current-context'], 'context');
  const cluster = named(config.clusters, context?.cluster, 'cluster') ?? {};
  const user = named(config.users, context?.user, 'user') ?? {};
  const server = given.server ?? text(cluster.server);
  if (server === undefined) throw wrong('names no API server for its current context; give -server');
  const token = given.tokenFile === undefined ? text(user.token) : undefined;
  const tokenFile = given.tokenFile ?? (token === undefined ? beside(file, user.tokenFile) : undefined);
  if (
    (token ?? tokenFile) === undefined &&
    (user.exec ?? user['client-certificate'] ?? user['client-certificate-data'])
  ) {
    throw wrong('has a client certificate or a program for its user; give -token-file with a bearer token');
  }
  const data = text(cluster['certificate-authority-data']);
  const ca = given.caFile !== undefined || data === undefined ? undefined : decoded(data);
  if (ca !== undefined && !isCertificate(ca))
    throw wrong('has certificate-authority-data that is no PEM certificate in base64; give -ca-file');
  const caFile =
    given.caFile ?? (ca === undefined ? beside(file, cluster['certificate-authority']) : undefined);
  return { server, tokenFile, caFile, token, ca };
}

async function read(file: string): Promise<ObjectFields> {
  try {
    const { parse } = await import('yaml');
    const config: unknown = parse(readFileSync(file, 'utf8'));
    if (isFields(config)) return config;
    throw new Error('it holds no object');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message.split('\n')[0];
    throw new UsageError(`-kubeconfig: "${file}" can't be used (${reason}); give a kubeconfig`);
  }
}

/** Returns the entry with this name from a list of the kubeconfig. */
function named(list: unknown, name: unknown, part: string): ObjectFields | undefined {
  const found = Array.isArray(list) ? list.find((one) => isFields(one) && one.name === name) : undefined;
  const value = isFields(found) ? found[part] : undefined;
  return isFields(value) ? value : undefined;
}

/** Returns the path of a file that the kubeconfig names, which is relative to the kubeconfig. */
function beside(kubeconfig: string, path: unknown): string | undefined {
  const given = text(path);
  return given === undefined ? undefined : resolve(dirname(kubeconfig), given);
}

function decoded(data: string): string {
  return Buffer.from(data, 'base64').toString();
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    // The caller says that the text is no certificate.
    return false;
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { UsageError } from '../config.ts';
import type { UpstreamOptions } from '../watcher/kubernetes/upstream.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads the API server of a kubeconfig's current context, its CA and the bearer token. Flags override them.
 * Data that the kubeconfig has inline is written to private files, because the watcher reads credentials from
 * files. Throws `UsageError` for a file that can't be used, or that needs a client certificate or a program.
 */
export async function withKubeconfig(file: string, given: UpstreamOptions): Promise<UpstreamOptions> {
  const config = await read(file);
  const wrong = (what: string) => new UsageError(`-kubeconfig: "${file}" ${what}`);
  const context = named(config.contexts, config['current-context'], 'context');
  const cluster = named(config.clusters, context?.cluster, 'cluster');
  const user = named(config.users, context?.user, 'user') ?? {};
  const server = given.server ?? text(cluster?.server);
  if (server === undefined) throw wrong('names no API server for its current context; give -server');
  const fileOf = keeper(file);
  const tokenFile = given.tokenFile ?? fileOf('token', user.tokenFile, text(user.token));
  if (
    tokenFile === undefined &&
    (user.exec ?? user['client-certificate'] ?? user['client-certificate-data'])
  ) {
    throw wrong('has a client certificate or a program for its user; give -token-file with a bearer token');
  }
  const data = text(cluster?.['certificate-authority-data']);
  const decoded = data === undefined ? undefined : Buffer.from(data, 'base64').toString();
  const caFile = given.caFile ?? fileOf('ca.crt', cluster?.['certificate-authority'], decoded);
  return { server, tokenFile, caFile };
}

async function read(file: string): Promise<Fields> {
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
function named(list: unknown, name: unknown, part: string): Fields | undefined {
  const found = Array.isArray(list) ? list.find((one) => isFields(one) && one.name === name) : undefined;
  const value = isFields(found) ? found[part] : undefined;
  return isFields(value) ? value : undefined;
}

/**
 * Makes a function that returns the path of a file that the kubeconfig names, relative to the kubeconfig.
 * Inline data is written to a new file.
 */
function keeper(kubeconfig: string) {
  return (name: string, path: unknown, inline: string | undefined): string | undefined => {
    if (inline !== undefined) {
      const kept = join(mkdtempSync(join(tmpdir(), 'rollcall-')), name);
      writeFileSync(kept, inline, { mode: 0o600 });
      return kept;
    }
    const given = text(path);
    return given === undefined ? undefined : resolve(dirname(kubeconfig), given);
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

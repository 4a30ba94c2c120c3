import { existsSync } from 'node:fs';
import { request as overHttp, type RequestOptions } from 'node:http';
import { request as overHttps } from 'node:https';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { KubeConfig } from '@kubernetes/client-node';
import { UsageError } from '../config.ts';
import type { Fields } from './document/value.ts';
import type { Io } from './io.ts';

/** An API server, as whom the kubeconfig says. */
export interface Cluster {
  server: string;
  /** Of the context. */
  namespace: string;
  request(method: 'GET' | 'POST', path: string, body?: Fields): Promise<Answer>;
}

export interface Answer {
  status: number;
  body: Fields;
  /** What admission has to say. */
  warnings: string[];
}

/** The API server can't be spoken to, or does not let us in. */
export class Unreachable extends Error {}

export interface ClusterFlags {
  kubeconfig: string | undefined;
  context: string | undefined;
}

/** An answer takes milliseconds; admission may take 30 s. */
const REQUEST_MS = 40_000;

/** The client is loaded here and nowhere else: what needs no cluster starts fast. */
export async function connect(flags: ClusterFlags, { env }: Io): Promise<Cluster> {
  const { KubeConfig: Config } = await import('../kubeconfig.ts');
  const config = new Config();
  loadInto(config, new Config(), flags.kubeconfig, env);
  if (flags.context !== undefined) {
    const known = config.getContexts().map(({ name }) => name);
    if (!known.includes(flags.context)) {
      throw new UsageError(
        `--context: "${flags.context}" is not in the kubeconfig; there are ${known.join(' ')}`,
      );
    }
    config.setCurrentContext(flags.context);
  }
  // As kubectl does, for `kubectl proxy`; the client wants to be told that there is no TLS to verify.
  config.clusters = config.clusters.map((one) =>
    one.server.startsWith('http:') ? { ...one, skipTLSVerify: true } : one,
  );
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) {
    throw new UsageError(
      'no cluster is known; give --kubeconfig FILE, or set KUBECONFIG or a current context',
    );
  }
  return {
    server,
    namespace: config.getContextObject(config.getCurrentContext())?.namespace ?? 'default',
    request: (method, path, body) => request(config, server, method, path, body),
  };
}

function loadInto(config: KubeConfig, other: KubeConfig, given: string | undefined, env: Io['env']): void {
  const listed =
    given !== undefined ? [given] : (env.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '');
  const usual = join(env.HOME ?? '', '.kube', 'config');
  const files = listed.length > 0 ? listed : existsSync(usual) ? [usual] : [];
  if (files.length === 0 && env.KUBERNETES_SERVICE_HOST !== undefined) config.loadFromCluster();
  for (const [index, file] of files.entries()) {
    try {
      (index === 0 ? config : other).loadFromFile(file);
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
      throw new UsageError(`--kubeconfig: "${file}" can't be used (${reason}); give a kubeconfig`);
    }
    if (index > 0) config.mergeConfig(other, true);
  }
}

async function request(
  config: KubeConfig,
  server: string,
  method: string,
  path: string,
  body: Fields | undefined,
): Promise<Answer> {
  const url = new URL(server.replace(/\/$/, '') + path);
  const options: RequestOptions = {
    method,
    headers: { accept: 'application/json', ...(body ? { 'content-type': 'application/json' } : {}) },
    signal: AbortSignal.timeout(REQUEST_MS),
  };
  await authenticate(config, options);
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const sent = (url.protocol === 'http:' ? overHttp : overHttps)(url, options, async (response) => {
    try {
      const warnings = [response.headers.warning ?? []].flat().flatMap((line) => unpacked(String(line)));
      resolve({ status: response.statusCode!, body: parsed(await text(response)), warnings });
    } catch (error) {
      reject(error as Error);
    }
  });
  sent.on('error', reject);
  sent.end(body === undefined ? undefined : JSON.stringify(body));
  try {
    return await promise;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Unreachable(`the API server at ${server} can't be reached (${code ?? message})`);
  }
}

/** What gives out the tokens may be a program of a cloud, which may fail. */
async function authenticate(config: KubeConfig, options: RequestOptions): Promise<void> {
  try {
    await config.applyToHTTPSOptions(options);
  } catch (error) {
    throw new Unreachable(`the credentials of the kubeconfig can't be used: ${(error as Error).message}`);
  }
}

/** Of `299 - "text", 299 - "text"` the texts. */
function unpacked(header: string): string[] {
  return [...header.matchAll(/\d{3} \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, quoted]) =>
    quoted!.replace(/\\(.)/g, '$1'),
  );
}

function parsed(answer: string): Fields {
  try {
    return JSON.parse(answer) as Fields;
  } catch {
    return { message: answer.trim() };
  }
}

/** What the API server says about a request that failed. */
export function refusal({ status, body }: Answer): string {
  return `${status}: ${typeof body.message === 'string' ? body.message : 'no reason given'}`;
}

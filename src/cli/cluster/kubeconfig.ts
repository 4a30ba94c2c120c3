import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { UsageError } from '../../config.ts';
import type { KubeConfig } from '../../kubeconfig.ts';
import type { Io } from '../io.ts';
import { reasonOf } from '../system-error.ts';

export interface ClusterFlags {
  kubeconfig: string | undefined;
  context: string | undefined;
}

/**
 * Reads the kubeconfig as kubectl does: the file of the flag, else those of $KUBECONFIG, else
 * ~/.kube/config, else the service account of the pod. The client is loaded here and nowhere else, so that
 * commands that need no cluster start fast.
 */
export async function readKubeconfig(flags: ClusterFlags, env: Io['env']): Promise<KubeConfig> {
  const { KubeConfig: Config } = await import('../../kubeconfig.ts');
  const config = new Config();
  const files = filesOf(flags.kubeconfig, env);
  if (files.length === 0 && env.KUBERNETES_SERVICE_HOST !== undefined) config.loadFromCluster();
  const other = new Config();
  for (const [index, file] of files.entries()) {
    load(index === 0 ? config : other, file);
    if (index > 0) config.mergeConfig(other, true);
  }
  if (flags.context !== undefined) choose(config, flags.context);
  // `kubectl proxy` serves plain HTTP; the client wants to be told that there is no TLS to verify.
  config.clusters = config.clusters.map((one) =>
    one.server.startsWith('http:') ? { ...one, skipTLSVerify: true } : one,
  );
  return config;
}

function filesOf(given: string | undefined, env: Io['env']): string[] {
  if (given !== undefined) return [given];
  const listed = (env.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '');
  const usual = join(env.HOME ?? '', '.kube', 'config');
  return listed.length > 0 ? listed : existsSync(usual) ? [usual] : [];
}

function load(config: KubeConfig, file: string): void {
  try {
    config.loadFromFile(file);
  } catch (error) {
    // The parser of YAML draws the place below its first line.
    const [reason] = reasonOf(error).split('\n');
    throw new UsageError(`--kubeconfig: "${file}" can't be used (${reason}); give a kubeconfig`);
  }
}

function choose(config: KubeConfig, context: string): void {
  const known = config.getContexts().map(({ name }) => name);
  if (!known.includes(context)) {
    const others =
      known.length > 0
        ? `there are ${known.join(' ')}`
        : 'no context is known; give --kubeconfig FILE, or set KUBECONFIG';
    throw new UsageError(`--context: "${context}" is not in the kubeconfig; ${others}`);
  }
  config.setCurrentContext(context);
}

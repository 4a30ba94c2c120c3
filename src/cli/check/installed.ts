import { parseConfig, UsageError } from '../../config.ts';
import type { Install } from '../../inject/plan.ts';
import { type WebhookConfig, webhookSettings } from '../../injector-options.ts';
import { installationOf } from '../../installation.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ClusterAnswer } from '../cluster/request.ts';
import { at, isFields, type Value } from '../document/value.ts';

/**
 * Returns what the installation decides for all pods: as its Deployment says, and by the defaults where that can't be
 * read. The features of the server are taken to be there, since whether a pod asks does not depend on them.
 */
export async function installed(cluster: Cluster, system: string): Promise<Install> {
  const features = { nativeSidecars: true, podResources: true };
  const reply = await cluster.get({ kind: 'Deployment', namespace: system, name: 'rollcall' });
  try {
    const config = webhookConfigOf(reply.body);
    return { ...installationOf({ ...config, namespace: system, defaults: config.default }), ...features };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { ...installationOf({ namespace: system }), ...features };
  }
}

/** Returns the settings that the Deployment of the webhook gives it, and the defaults where it can't be read. */
export function webhookConfigOrDefaults({ status, body }: ClusterAnswer): WebhookConfig {
  try {
    if (status === 200) return webhookConfigOf(body);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
  }
  // The image is the one setting that has no default.
  return parseConfig(webhookSettings, ['--image=unknown'], {});
}

/** Returns why the settings that the Deployment gives can't be understood: it may be of another version. */
export function settingsProblem(deployment: Value): string | undefined {
  try {
    webhookConfigOf(deployment);
    return undefined;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return error.message;
  }
}

/** Returns the settings that the Deployment gives. Throws a `UsageError` where they can't be understood. */
function webhookConfigOf(deployment: Value): WebhookConfig {
  const containers = at(deployment, ['spec', 'template', 'spec', 'containers']);
  const container = listOf(containers).find((one) => listOf(at(one, ['args']))[0] === 'webhook');
  const argv = listOf(at(container, ['args']))
    .slice(1)
    .map(String);
  const env = listOf(at(container, ['env'])).flatMap((one) => {
    const [name, value] = [at(one, ['name']), at(one, ['value'])];
    return typeof name === 'string' && typeof value === 'string' ? [[name, value] as const] : [];
  });
  return parseConfig(webhookSettings, argv, Object.fromEntries(env));
}

function listOf(value: Value | undefined): Value[] {
  return Array.isArray(value) ? value.filter((one) => isFields(one) || typeof one === 'string') : [];
}

import type { V1MutatingWebhookConfiguration, V1Namespace, V1OwnerReference } from '@kubernetes/client-node';
import { isOfArgo } from '../../argo-cd.ts';
import type { Log } from '../../log.ts';
import { type Api, ifThere, sentenceOf } from '../api/api.ts';
import { namespacePath, webhookConfigurationPath } from '../api/paths.ts';
import type { Bundles } from './publish.ts';

export interface OwnerOptions {
  api: Api;
  /** The name of the MutatingWebhookConfiguration. */
  configuration: string;
  /** The namespace that the webhook runs in. */
  namespace: string;
  log: Log;
}

/**
 * Returns bundles whose configuration also has the namespace of the webhook as its owner. The garbage
 * collector of the cluster deletes the configuration with that namespace: without that, nothing would answer
 * any more, and the API server would refuse every pod that asks.
 *
 * Certificates come first: what goes wrong with the owner is logged, and tried again at the next look.
 */
export function ownedByNamespace(bundles: Bundles, options: OwnerOptions): Bundles {
  let told = '';
  return {
    read: () => bundles.read(),
    async publish(trusted) {
      const written = await bundles.publish(trusted);
      const problem = await own(options).catch(sentenceOf);
      // The same reason each minute says nothing new.
      if (problem !== undefined && problem !== told) {
        options.log.warn('the configuration would outlive its namespace', { error: problem });
      }
      told = problem ?? '';
      return written;
    },
  };
}

async function own({ api, configuration, namespace }: OwnerOptions): Promise<undefined> {
  const path = webhookConfigurationPath(configuration);
  const { metadata = {} } = await api.get<V1MutatingWebhookConfiguration>(path);
  const { annotations = {}, labels = {} } = metadata;
  if (isOfArgo([...Object.keys(annotations), ...Object.keys(labels)])) return;
  const found = await ifThere(api.get<V1Namespace>(namespacePath(namespace)));
  const uid = found?.metadata?.uid;
  // Outside of a cluster there may be none.
  if (uid === undefined) return;
  const { ownerReferences = [] } = metadata;
  if (ownerReferences.some((owner) => owner.uid === uid)) return;
  const owner: V1OwnerReference = { apiVersion: 'v1', kind: 'Namespace', name: namespace, uid };
  // The namespace may have been deleted and made again, and then the former owner has another uid.
  const former = ownerReferences
    .filter(({ kind, name }) => kind === owner.kind && name === owner.name)
    .map((reference) => ({ $patch: 'delete', ...reference }));
  const body = { metadata: { ownerReferences: [...former, owner] } };
  await api.patch(path, body, 'application/strategic-merge-patch+json');
}

import type { V1Namespace, V1RoleBinding } from '@kubernetes/client-node';
import { keys } from '../../inject/annotations.ts';
import { type Grant, grantOf } from '../../inject/granted-names.ts';
import { GRANT_BINDING } from '../../inject/names.ts';
import { own } from '../../inject/pod.ts';
import type { Log } from '../../log.ts';
import { WEBHOOK_METRICS } from '../../metric-table.ts';
import type { Metrics } from '../../metrics.ts';
import { type Api, ifThere, isStatus } from '../api/api.ts';
import { bindingPath, bindingsPath, namespacePath } from '../api/paths.ts';
import type { ClusterState } from '../state/cluster-state.ts';
import { isTerminating } from '../state/object-state.ts';
import {
  type GrantStep,
  grantBinding,
  grantBindingState,
  grantStep,
  grantSubjects,
} from './grant-binding.ts';

/** The number of attempts to write one binding. Of the replicas that write at once, one succeeds in each round. */
const ATTEMPTS = 10;

export interface GrantsOptions {
  api: Api;
  state: Pick<ClusterState, 'namespaces' | 'grants'>;
  metrics: Metrics;
  log: Log;
  /** The namespaces that nothing is bound in, and nothing is granted to. */
  excluded: readonly string[];
}

/**
 * Keeps the binding `rollcall-grant` of each namespace as the namespace's annotation says. It makes, mends and deletes
 * only what Rollcall manages. Nothing but the annotation counts, as the API server has it at that moment: no request of
 * a pod, and no binding that was there before.
 */
export class Grants {
  #options: GrantsOptions;
  #changed: (step: GrantStep) => void;
  /** The words of each grant that count for nothing and were told. */
  #told = new Map<string, string>();

  constructor(options: GrantsOptions) {
    this.#options = options;
    const changes = options.metrics.counter(WEBHOOK_METRICS.grantChanges);
    this.#changed = (step) => changes.inc({ step });
  }

  /** Tells whether the caches show anything to do in the namespace, without a request. */
  isWanted(namespace: string): boolean {
    const { state, excluded } = this.#options;
    if (excluded.includes(namespace)) return false;
    const cached = state.namespaces.get(namespace);
    if (cached?.terminating) return false;
    if (!this.#isTold(namespace, cached?.grant)) return true;
    return grantStep(this.#names(namespace, cached?.grant), state.grants.get(namespace)) !== 'none';
  }

  /** Brings the binding of one namespace to what its annotation says. */
  async provide(namespace: string): Promise<void> {
    if (!this.isWanted(namespace)) return;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#provideOnce(namespace);
        return;
      } catch (error) {
        // Another replica was faster, and may have written just what is needed.
        if (attempt === ATTEMPTS || !(isStatus(error, 409) || isStatus(error, 404))) throw error;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 50 * attempt));
      }
    }
  }

  /**
   * Reads the binding before the annotation, in each attempt anew. A replica that has seen a later annotation then
   * either wrote before this read, so that this one sees that annotation as well, or makes this write fail.
   */
  async #provideOnce(namespace: string): Promise<void> {
    const { api, log } = this.#options;
    const path = bindingPath(namespace, GRANT_BINDING);
    const binding = await ifThere(api.get<V1RoleBinding>(path));
    const object = await ifThere(api.get<V1Namespace>(namespacePath(namespace)));
    if (object === undefined) this.#told.delete(namespace);
    if (object === undefined || isTerminating(object)) return;
    const grant = grantOf(own(object.metadata?.annotations, keys.grant.key));
    this.#tell(namespace, grant);
    const names = this.#names(namespace, grant);
    const step = grantStep(names, binding && grantBindingState(binding));
    if (step === 'none') return;
    if (step === 'foreign') {
      log.warn('grant not bound, since the binding is not managed', { namespace, binding: GRANT_BINDING });
      return;
    }
    if (step === 'rewrite') await api.replace(path, { ...binding!, subjects: grantSubjects(names) });
    if (step === 'delete' || step === 'recreate') await this.#delete(path, binding!);
    if (step === 'create' || step === 'recreate')
      await api.create(bindingsPath(namespace), grantBinding(names));
    log.info('grant bound', { namespace, to: names, step });
    this.#changed(step);
  }

  /** Deletes the binding that was read, and not one that another replica has just made. */
  async #delete(path: string, { metadata }: V1RoleBinding): Promise<void> {
    const { uid, resourceVersion } = metadata!;
    await this.#options.api.delete(path, { preconditions: { uid: uid!, resourceVersion: resourceVersion! } });
  }

  /** Returns whom a grant is for: namespaces of the cluster itself get nothing, and the own one needs nothing. */
  #names(namespace: string, grant: Grant | undefined): string[] {
    const { excluded } = this.#options;
    return (grant?.names ?? []).filter((name) => name !== namespace && !excluded.includes(name));
  }

  #isTold(namespace: string, grant: Grant | undefined): boolean {
    return (this.#told.get(namespace) ?? '') === (grant?.ignored ?? []).join();
  }

  #tell(namespace: string, grant: Grant): void {
    if (this.#isTold(namespace, grant)) return;
    if (grant.ignored.length === 0) {
      this.#told.delete(namespace);
      return;
    }
    this.#told.set(namespace, grant.ignored.join());
    this.#options.log.warn('words of a grant ignored', { namespace, ignored: grant.ignored });
  }
}

import type { V1Namespace } from '@kubernetes/client-node';
import { ROLES, type Role } from '../inject/account.ts';
import { keys } from '../inject/annotations.ts';
import type { Log } from '../log.ts';
import { WEBHOOK_METRICS } from '../metric-table.ts';
import type { Metrics } from '../metrics.ts';
import { type Clock, systemClock } from '../watcher/clock.ts';
import type { Access } from './access.ts';
import { isLost, wanting } from './access-wanting.ts';
import { type Api, ifThere, sentenceOf } from './api.ts';
import { ALL_ROLES } from './binding.ts';
import { type HeldBinding, isTerminating } from './cluster-objects.ts';
import type { ClusterState, StateListener } from './cluster-state.ts';
import { namespacePath } from './paths.ts';
import { Workqueue } from './workqueue.ts';

export interface AccessControllerOptions {
  api: Api;
  state: ClusterState;
  access: Access;
  metrics: Metrics;
  log: Log;
  /** Whether sidecars may read pods in a namespace of these annotations. */
  podAccess(annotations: Readonly<Record<string, string>>): boolean;
  clock?: Clock;
}

const NONE: ReadonlySet<string> = new Set();
/** Rare, since it looks up every account that is bound; jittered, so that replicas don't do it in step. */
const PRUNE_MS = [600_000, 900_000] as const;

/**
 * Provides access before a pod asks, and mends it. In labelled namespaces the account that reads EndpointSlices
 * and its binding are made; what Rollcall manages is made again wherever it vanishes, and a managed binding to
 * another role is made anew. Whoever wants to be rid of it in a namespace that still exists takes off
 * its managed-by labels first. What reads pods is made only for a pod that needs it, and mended only where
 * that is still allowed.
 *
 * Every replica does all of this: each step looks at what is there at that moment and leaves what is
 * right alone, so that several come to the same end, and no leader has to be found.
 *
 * Who was in a binding that vanished is known from having seen it. What vanished while no replica ran
 * was seen by none: then a labelled namespace gets its account and binding all the same, and so does one
 * whose managed account is still there; an account of the pods' own is bound again with the next pod that
 * has it.
 */
export class AccessController implements StateListener {
  #options: Required<AccessControllerOptions>;
  /** Of each role, until they are bound again, or their namespace is gone. */
  #lost: ReadonlyMap<Role, Map<string, ReadonlySet<string>>> = new Map(
    ALL_ROLES.map((role) => [role, new Map()]),
  );
  #work: Workqueue;
  #pruning: unknown;
  #stopped = false;

  constructor(options: AccessControllerOptions) {
    this.#options = { clock: systemClock, ...options };
    const { log, clock, metrics } = this.#options;
    this.#work = new Workqueue(
      (namespace) => this.#provide(namespace),
      (namespace, error, retryInMs) => {
        log.warn('access not provided', {
          namespace,
          error: sentenceOf(error),
          retryInMs: Math.round(retryInMs),
        });
      },
      clock,
    );
    metrics.read(WEBHOOK_METRICS.accessQueued, () => this.#work.queued);
    metrics.read(WEBHOOK_METRICS.accessFailing, () => this.#work.failing);
  }

  /** From now on it acts on what the cluster's state tells it; what reviews need is not held up by it. */
  start(): void {
    this.#schedulePruning();
    this.#options.state.start(this);
  }

  /** It writes nothing more; the state goes on being followed, for the reviews that are still to come. */
  stop(): void {
    this.#stopped = true;
    this.#work.stop();
    this.#options.clock.clearTimeout(this.#pruning);
  }

  heard(namespaces: Iterable<string>): void {
    const { state, access } = this.#options;
    if (this.#stopped || !state.synced) return;
    for (const namespace of namespaces) {
      if (access.isExcluded(namespace)) continue;
      if (ALL_ROLES.some((role) => this.#wanting(namespace, role) !== undefined)) this.#work.want(namespace);
    }
  }

  bindingsWere(role: Role, before: ReadonlyMap<string, HeldBinding | undefined>): void {
    const lost = this.#lost.get(role)!;
    for (const [namespace, binding] of before) {
      if (!isLost(binding, this.#options.state.roles.get(role)!.bindings.get(namespace))) continue;
      lost.set(namespace, new Set([...(lost.get(namespace) ?? NONE), ...binding!.accounts]));
    }
  }

  #wanting(namespace: string, role: Role): Set<string> | undefined {
    const { namespaces, roles } = this.#options.state;
    const held = namespaces.get(namespace);
    if (held?.terminating) return undefined;
    if (role === ROLES.pods && !this.#options.podAccess(held?.annotations ?? {})) return undefined;
    return wanting({
      role,
      ahead: role === ROLES.slices && held?.labels[keys.injection.key] === 'enabled',
      account: roles.get(role)!.accounts.get(namespace),
      binding: roles.get(role)!.bindings.get(namespace),
      lost: this.#lost.get(role)!.get(namespace) ?? NONE,
    });
  }

  async #provide(namespace: string): Promise<void> {
    for (const role of ALL_ROLES) await this.#provideRole(namespace, role);
  }

  /** What is held only says where to look: what is done follows from what the API server says now. */
  async #provideRole(namespace: string, role: Role): Promise<void> {
    const lost = this.#lost.get(role)!;
    const before = lost.get(namespace);
    const accounts = this.#wanting(namespace, role);
    if (accounts !== undefined && (await this.#isThere(namespace))) {
      try {
        await this.#options.access.restore(namespace, role, accounts);
      } catch (error) {
        // In a namespace that ends nothing can be made, which is nobody's fault.
        if (await this.#isThere(namespace)) throw error;
      }
    }
    // More may have been lost meanwhile.
    if (lost.get(namespace) === before) lost.delete(namespace);
  }

  async #isThere(name: string): Promise<boolean> {
    const namespace = await ifThere(this.#options.api.get<V1Namespace>(namespacePath(name)));
    return namespace !== undefined && !isTerminating(namespace);
  }

  #schedulePruning(): void {
    const { clock } = this.#options;
    const [low, high] = PRUNE_MS;
    this.#pruning = clock.setTimeout(() => void this.#prune(), low + clock.random() * (high - low));
  }

  /** Whether an account is bound that is not known to be there; most bindings have but the one of their role. */
  #hasDoubtful(namespace: string, role: Role): boolean {
    const { roles } = this.#options.state;
    const bound = roles.get(role)?.bindings.get(namespace)?.accounts ?? [];
    return bound.some((name) => roles.get(name as Role)?.accounts.get(namespace) === undefined);
  }

  /** One binding after the other: nobody waits for it. Nobody is taken out without the API server's word. */
  async #prune(): Promise<void> {
    const { state, access, log } = this.#options;
    for (const [role, { bindings }] of state.roles) {
      for (const namespace of [...bindings.keys()]) {
        if (this.#stopped) return;
        if (!this.#hasDoubtful(namespace, role)) continue;
        try {
          await access.prune(namespace, role);
        } catch (error) {
          log.warn('binding not looked through', { namespace, role, error: sentenceOf(error) });
        }
      }
    }
    if (!this.#stopped) this.#schedulePruning();
  }
}

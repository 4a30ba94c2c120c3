import type { V1Namespace } from '@kubernetes/client-node';
import { keys } from '../../inject/annotations.ts';
import { GUEST_ACCOUNT, ROLES, type Role } from '../../inject/roles.ts';
import type { Log } from '../../log.ts';
import { WEBHOOK_METRICS } from '../../metric-table.ts';
import type { Metrics } from '../../metrics.ts';
import { type Clock, systemClock } from '../../watcher/clock.ts';
import { type Api, ifThere, sentenceOf } from '../api/api.ts';
import { namespacePath } from '../api/paths.ts';
import type { ClusterState, StateListener } from '../state/cluster-state.ts';
import { type AccountState, type BindingState, isTerminating } from '../state/object-state.ts';
import { background } from '../survival.ts';
import { desiredAccounts, isLost } from './desired-accounts.ts';
import type { Grants } from './grants.ts';
import type { AccessProvisioner } from './provisioner.ts';
import { ALL_ROLES } from './role-binding.ts';
import { Workqueue } from './workqueue.ts';

export interface AccessControllerOptions {
  api: Api;
  state: ClusterState;
  access: AccessProvisioner;
  grants: Pick<Grants, 'isWanted' | 'provide'>;
  metrics: Metrics;
  log: Log;
  /** Tells whether sidecars may read pods in a namespace that has these annotations. */
  podAccess(annotations: Readonly<Record<string, string>>): boolean;
  clock?: Clock;
}

const NONE: ReadonlySet<string> = new Set();
/**
 * The pause between two rounds of pruning. It is long, since a round looks up every bound account, and
 * random, so that replicas do not run their rounds at the same time.
 */
const PRUNE_MS = [600_000, 900_000] as const;

/**
 * Provides access before a pod asks, and mends it. In labelled namespaces the account that reads EndpointSlices
 * and its binding are made; what Rollcall manages is made again wherever it vanishes, and a managed binding to
 * another role is made anew; and grants are kept as the annotations of their namespaces say. Whoever wants to be
 * rid of it in a namespace that still exists takes off its managed-by labels first. What reads pods is made only
 * for a pod that needs it, and mended only where that is still allowed.
 *
 * Every replica does all of this: each step looks at what is there at that moment and leaves what is
 * right alone, so that several come to the same end, and no leader has to be found.
 *
 * A replica knows the accounts of a binding that vanished because it saw the binding before, and it knows in the same
 * way of an account of guests, to which no binding points. No replica saw what vanished while none ran. A labelled
 * namespace then gets its account and binding all the same, and so does one whose managed account is still there; an
 * account of the pods' own is bound again with the next pod that has it, and one of guests is made with the next guest.
 */
export class AccessController implements StateListener {
  #options: Required<AccessControllerOptions>;
  /**
   * The accounts that lost their binding, for each role by namespace, until they are bound again or their
   * namespace is gone.
   */
  #lost: ReadonlyMap<Role, Map<string, ReadonlySet<string>>> = new Map(
    ALL_ROLES.map((role) => [role, new Map()]),
  );
  /** The namespaces that lost their account of guests, until it is made again. */
  #lostGuests = new Set<string>();
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
      log,
      clock,
    );
    metrics.read(WEBHOOK_METRICS.accessQueued, () => this.#work.queued);
    metrics.read(WEBHOOK_METRICS.accessFailing, () => this.#work.failing);
  }

  /** Starts to act on what the cluster's state tells. Reviews do not wait for it. */
  start(): void {
    this.#schedulePruning();
    this.#options.state.start(this);
  }

  /** Stops all writing. The cluster's state is still followed, for the reviews that are still to come. */
  stop(): void {
    this.#stopped = true;
    this.#work.stop();
    this.#options.clock.clearTimeout(this.#pruning);
  }

  heard(namespaces: Iterable<string>): void {
    const { state, access, grants } = this.#options;
    if (this.#stopped || !state.synced) return;
    for (const namespace of namespaces) {
      if (access.isExcluded(namespace)) continue;
      const lacks =
        this.#lostGuests.has(namespace) ||
        ALL_ROLES.some((role) => this.#desired(namespace, role) !== undefined);
      if (lacks || grants.isWanted(namespace)) this.#work.want(namespace);
    }
  }

  bindingsWere(role: Role, before: ReadonlyMap<string, BindingState | undefined>): void {
    const lost = this.#lost.get(role)!;
    for (const [namespace, binding] of before) {
      if (!isLost(binding, this.#options.state.roles.get(role)!.bindings.get(namespace))) continue;
      lost.set(namespace, new Set([...(lost.get(namespace) ?? NONE), ...binding!.accounts]));
    }
  }

  guestsWere(before: ReadonlyMap<string, AccountState | undefined>): void {
    const { guests } = this.#options.state;
    for (const [namespace, account] of before) {
      if (account?.managed && guests.get(namespace) === undefined) this.#lostGuests.add(namespace);
    }
  }

  #desired(namespace: string, role: Role): Set<string> | undefined {
    const { namespaces, roles } = this.#options.state;
    const cached = namespaces.get(namespace);
    if (cached?.terminating) return undefined;
    if (role === ROLES.pods && !this.#options.podAccess(cached?.annotations ?? {})) return undefined;
    return desiredAccounts({
      role,
      ahead: role === ROLES.slices && cached?.labels[keys.injection.key] === 'enabled',
      account: roles.get(role)!.accounts.get(namespace),
      binding: roles.get(role)!.bindings.get(namespace),
      lost: this.#lost.get(role)!.get(namespace) ?? NONE,
    });
  }

  async #provide(namespace: string): Promise<void> {
    try {
      for (const role of ALL_ROLES) await this.#provideRole(namespace, role);
      await this.#provideGuest(namespace);
    } finally {
      // A namespace whose roles can't be provided takes its grants back all the same.
      await this.#options.grants.provide(namespace);
    }
  }

  /**
   * Provides one role in one namespace. The cache only tells where to look; each step follows from what the
   * API server says now.
   */
  async #provideRole(namespace: string, role: Role): Promise<void> {
    const lost = this.#lost.get(role)!;
    const before = lost.get(namespace);
    const accounts = this.#desired(namespace, role);
    if (accounts !== undefined && (await this.#isThere(namespace))) {
      try {
        await this.#options.access.restore(namespace, role, accounts);
      } catch (error) {
        // Nothing can be created in a namespace that is being deleted, and that is no failure.
        if (await this.#isThere(namespace)) throw error;
      }
    }
    // Another binding may have vanished in the meantime.
    if (lost.get(namespace) === before) lost.delete(namespace);
  }

  /** Makes the account of guests again where it vanished. */
  async #provideGuest(namespace: string): Promise<void> {
    if (!this.#lostGuests.delete(namespace) || !(await this.#isThere(namespace))) return;
    try {
      await this.#options.access.ensure(namespace, { account: GUEST_ACCOUNT, roles: [] });
    } catch (error) {
      if (!(await this.#isThere(namespace))) return;
      this.#lostGuests.add(namespace);
      throw error;
    }
  }

  async #isThere(name: string): Promise<boolean> {
    const namespace = await ifThere(this.#options.api.get<V1Namespace>(namespacePath(name)));
    return namespace !== undefined && !isTerminating(namespace);
  }

  #schedulePruning(): void {
    const { clock, log } = this.#options;
    const [low, high] = PRUNE_MS;
    this.#pruning = clock.setTimeout(
      () => background(log)('prune the bindings', this.#prune()),
      low + clock.random() * (high - low),
    );
  }

  /**
   * Tells whether the binding has an account that is not known to exist. Most bindings hold only the account
   * of their role.
   */
  #hasDoubtful(namespace: string, role: Role): boolean {
    const { roles } = this.#options.state;
    const bound = roles.get(role)?.bindings.get(namespace)?.accounts ?? [];
    return bound.some((name) => roles.get(name as Role)?.accounts.get(namespace) === undefined);
  }

  /**
   * Takes accounts that are gone out of all bindings, one binding after the other, since nobody waits for it.
   * An account counts as gone only when the API server says so.
   */
  async #prune(): Promise<void> {
    const { state, access, log } = this.#options;
    for (const [role, { bindings }] of state.roles) {
      for (const namespace of [...bindings.keys()]) {
        if (this.#stopped) return;
        try {
          if (this.#hasDoubtful(namespace, role)) await access.prune(namespace, role);
        } catch (error) {
          log.warn('binding not looked through', { namespace, role, error: sentenceOf(error) });
        }
      }
    }
    if (!this.#stopped) this.#schedulePruning();
  }
}

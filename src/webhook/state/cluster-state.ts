import type { V1LimitRange, V1Namespace } from '@kubernetes/client-node';
import { GRANT_BINDING } from '../../inject/names.ts';
import type { LimitRangeItem, Namespace } from '../../inject/pod.ts';
import { type AccessNeed, GUEST_ACCOUNT, OWN_ACCOUNTS, type Role } from '../../inject/roles.ts';
import type { Log } from '../../log.ts';
import { WEBHOOK_METRICS } from '../../metric-table.ts';
import type { Metrics } from '../../metrics.ts';
import { type Clock, systemClock } from '../../watcher/clock.ts';
import type { Listed } from '../../watcher/kubernetes/collection.ts';
import { follow } from '../../watcher/kubernetes/reflector.ts';
import type { SourceEvent } from '../../watcher/source.ts';
import type { GrantBindingState } from '../access/grant-binding.ts';
import { ALL_ROLES } from '../access/role-binding.ts';
import { type Api, ifThere, sentenceOf } from '../api/api.ts';
import { limitRangesPath, namespacePath } from '../api/paths.ts';
import { ItemCache, ObjectCache } from './cache.ts';
import {
  type AccountState,
  type BindingState,
  limitItems,
  type NamespaceState,
  namespaceState,
} from './object-state.ts';
import { accountList, bindingList, grantBindingList, limitList, namespaceList } from './watched-lists.ts';

/** The pause after an error of our own code: short, and no tight loop. */
const RETRY_MS = 1000;

export interface ClusterStateOptions {
  api: Api;
  metrics: Metrics;
  log: Log;
  clock?: Clock;
}

/** The caches of the account and of the binding that a role has in each namespace. */
export interface RoleCaches {
  accounts: ObjectCache<AccountState>;
  bindings: ObjectCache<BindingState>;
}

/** A listener to changes of the state. */
export interface StateListener {
  /** Is called with the namespaces that an event names. */
  heard(namespaces: Iterable<string>): void;
  /** Is called with the bindings of a role as they were before an event. */
  bindingsWere(role: Role, before: ReadonlyMap<string, BindingState | undefined>): void;
  /** Is called with the accounts of guests as they were before an event. */
  guestsWere(before: ReadonlyMap<string, AccountState | undefined>): void;
}

/**
 * Caches what reviews need to know of the cluster, by list and watch. A review of a pod whose namespace,
 * account and binding are cached makes no request to the API server.
 *
 * An object that is not cached may have been created a moment ago, so it is read. So is everything that is
 * not fresh: before the first list has arrived, and from the moment at which a watch breaks until the next
 * one has caught up. An answer is therefore as old as a watch event is on its way, which takes milliseconds;
 * a watch whose connection is open and silent is noticed after 90 s at the latest.
 */
export class ClusterState {
  readonly namespaces = new ObjectCache<NamespaceState>();
  readonly limits = new ItemCache<LimitRangeItem>();
  readonly roles: ReadonlyMap<Role, RoleCaches> = new Map(
    ALL_ROLES.map((role) => [role, { accounts: new ObjectCache(), bindings: new ObjectCache() }]),
  );
  /** The accounts of pods whose groups are all of other namespaces: no role and no binding goes with them. */
  readonly guests = new ObjectCache<AccountState>();
  /** The bindings by which namespaces grant others to look at their Services. */
  readonly grants = new ObjectCache<GrantBindingState>();
  #options: Required<ClusterStateOptions>;
  #reading = new Map<string, Promise<Namespace>>();
  #readingGrants = new Map<string, Promise<NamespaceState | undefined>>();
  #listener: StateListener | undefined;
  #following: Promise<void>[] = [];
  #stopped = false;
  #countRead: (what: 'namespace' | 'limits') => void;

  constructor(options: ClusterStateOptions) {
    this.#options = { clock: systemClock, ...options };
    const { metrics } = this.#options;
    metrics.read(WEBHOOK_METRICS.accessStale, () => (this.fresh ? 0 : 1));
    const reads = metrics.counter(WEBHOOK_METRICS.liveReads);
    this.#countRead = (what) => reads.inc({ what });
  }

  get fresh(): boolean {
    return this.#all().every(({ fresh }) => fresh);
  }

  get synced(): boolean {
    return this.#all().every(({ synced }) => synced);
  }

  /** Starts to follow the cluster and returns at once. What is not cached yet is read. */
  start(listener?: StateListener): void {
    this.#listener = listener;
    this.#following = [
      this.#follow('namespaces', namespaceList, (event) => this.namespaces.absorb(event).keys()),
      this.#follow('limitranges', limitList, (event) => {
        this.limits.absorb(event);
        return [];
      }),
      this.#follow(`rolebindings ${GRANT_BINDING}`, grantBindingList, (event) =>
        this.grants.absorb(event).keys(),
      ),
      this.#follow(`serviceaccounts ${GUEST_ACCOUNT}`, accountList(GUEST_ACCOUNT), (event) => {
        const before = this.guests.absorb(event);
        this.#listener?.guestsWere(before);
        return before.keys();
      }),
      ...[...this.roles].flatMap(([role, { accounts, bindings }]) => [
        this.#follow(`serviceaccounts ${role}`, accountList(role), (event) => accounts.absorb(event).keys()),
        this.#follow(`rolebindings ${role}`, bindingList(role), (event) => {
          const before = bindings.absorb(event);
          this.#listener?.bindingsWere(role, before);
          return before.keys();
        }),
      ]),
    ];
  }

  /**
   * Stops to follow the cluster, and resolves when all watches have ended. What is cached counts as not fresh
   * from now on.
   */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const one of this.#all()) one.fresh = false;
    await Promise.all(this.#following);
  }

  /**
   * Returns a namespace with the items of its LimitRanges. It throws what the API server says when the
   * namespace does not exist.
   */
  readNamespace(name: string): Namespace | Promise<Namespace> {
    const cached = this.namespaces.fresh ? this.namespaces.get(name) : undefined;
    if (cached !== undefined && this.limits.fresh) return namespaceOf(name, cached, this.limits.get(name));
    // Reviews that come in the meantime share the request.
    const running = this.#reading.get(name);
    if (running !== undefined) return running;
    const reading = this.#read(name, cached).finally(() => this.#reading.delete(name));
    this.#reading.set(name, reading);
    return reading;
  }

  /**
   * Returns those of the namespaces that grant `home` to look at their Services. What is not cached grants nothing
   * while the cache is fresh, since a grant counts from the moment at which it is heard of: so a name that somebody
   * made up costs no request. What is not fresh is read, one namespace after the other.
   */
  async grantsTo(home: string, names: readonly string[]): Promise<string[]> {
    const granting: string[] = [];
    for (const name of names) {
      const known = this.namespaces.fresh ? this.namespaces.get(name) : await this.#readGrant(name);
      if (known !== undefined && !known.terminating && known.grant.names.includes(home)) granting.push(name);
    }
    return granting;
  }

  /** Reads a namespace that may not exist. Reviews that come in the meantime share the request. */
  #readGrant(name: string): Promise<NamespaceState | undefined> {
    const running = this.#readingGrants.get(name);
    if (running !== undefined) return running;
    const reading = ifThere(this.#readLive(name)).finally(() => this.#readingGrants.delete(name));
    this.#readingGrants.set(name, reading);
    return reading;
  }

  /**
   * Tells whether the caches show that all of the need exists. An account of the pod's own is not looked up,
   * since the API server refuses pods whose account does not exist.
   */
  isProvided(namespace: string, { account, roles }: AccessNeed): boolean {
    const own = OWN_ACCOUNTS.includes(account) ? this.#accounts(account) : undefined;
    if (own !== undefined && !(own.fresh && own.get(namespace) !== undefined)) return false;
    return roles.every((role) => {
      const bindings = this.roles.get(role)?.bindings;
      const binding = bindings?.fresh ? bindings.get(namespace) : undefined;
      return binding?.roleRight === true && binding.accounts.includes(account);
    });
  }

  #accounts(name: string): ObjectCache<AccountState> | undefined {
    return name === GUEST_ACCOUNT ? this.guests : this.roles.get(name as Role)?.accounts;
  }

  /**
   * Reads the namespace and then its LimitRanges. For a namespace that does not exist, which anybody can
   * name, there is no second request.
   */
  async #read(name: string, known: NamespaceState | undefined): Promise<Namespace> {
    const cached = known ?? (await this.#readLive(name));
    return namespaceOf(name, cached, await this.#readLimits(name));
  }

  async #readLive(name: string): Promise<NamespaceState> {
    this.#countRead('namespace');
    return namespaceState(await this.#options.api.get<V1Namespace>(namespacePath(name)));
  }

  /**
   * Reads LimitRanges from the API server's cache, by `resourceVersion=0`: a list without a version waits up
   * to 100 ms for etcd's progress after any write.
   */
  async #readLimits(namespace: string): Promise<LimitRangeItem[]> {
    this.#countRead('limits');
    const path = `${limitRangesPath(namespace)}?resourceVersion=0`;
    const { items } = await this.#options.api.get<{ items?: V1LimitRange[] | null }>(path);
    return (items ?? []).flatMap(limitItems);
  }

  /** Follows a collection until the end. An error of our own code must not leave a cache that looks fresh. */
  async #follow<Cached>(
    collection: string,
    listed: Listed<Cached>,
    absorb: (event: SourceEvent<Cached>) => Iterable<string>,
  ): Promise<void> {
    const { clock } = this.#options;
    const log = named(collection, this.#options.log);
    while (!this.#stopped) {
      try {
        await this.#followOnce(listed, absorb, log);
      } catch (error) {
        const message = sentenceOf(error);
        log.error('the collection can not be followed, it is tried again', { error: message });
        absorb({ type: 'lost', message });
        await new Promise<void>((resolve) => clock.setTimeout(resolve, RETRY_MS));
      }
    }
  }

  async #followOnce<Cached>(
    listed: Listed<Cached>,
    absorb: (event: SourceEvent<Cached>) => Iterable<string>,
    log: Log,
  ): Promise<void> {
    const { api, clock } = this.#options;
    for await (const event of follow(listed, api.transport, clock, log)) {
      if (this.#stopped) return;
      const { synced } = this;
      const said = absorb(event);
      // Events before the last first list could not be judged, so all namespaces are told again.
      if (!synced && this.synced) this.#listener?.heard(this.#known());
      else this.#listener?.heard(said);
    }
  }

  #all(): { fresh: boolean; synced: boolean }[] {
    const roles = [...this.roles.values()].flatMap(({ accounts, bindings }) => [accounts, bindings]);
    return [this.namespaces, this.limits, this.grants, this.guests, ...roles];
  }

  #known(): Set<string> {
    const roles = [...this.roles.values()].flatMap(({ accounts, bindings }) => [accounts, bindings]);
    return new Set([this.namespaces, this.grants, this.guests, ...roles].flatMap((one) => [...one.keys()]));
  }
}

function namespaceOf(
  name: string,
  { labels, annotations }: NamespaceState,
  limits: readonly LimitRangeItem[],
): Namespace {
  return { name, labels, annotations, limits };
}

function named(collection: string, log: Log): Log {
  return {
    info: (message, fields) => log.info(message, { collection, ...fields }),
    warn: (message, fields) => log.warn(message, { collection, ...fields }),
    error: (message, fields) => log.error(message, { collection, ...fields }),
  };
}

import type { V1LimitRange, V1Namespace } from '@kubernetes/client-node';
import { type AccessNeed, OWN_ACCOUNTS, type Role } from '../inject/account.ts';
import type { LimitRangeItem, Namespace } from '../inject/pod.ts';
import type { Log } from '../log.ts';
import { WEBHOOK_METRICS } from '../metric-table.ts';
import type { Metrics } from '../metrics.ts';
import { type Clock, systemClock } from '../watcher/clock.ts';
import type { Listed } from '../watcher/kubernetes/collection.ts';
import { follow } from '../watcher/kubernetes/reflector.ts';
import type { SourceEvent } from '../watcher/source.ts';
import { type Api, sentenceOf } from './api.ts';
import { ALL_ROLES } from './binding.ts';
import { accountList, bindingList, limitList, namespaceList } from './cluster-lists.ts';
import {
  type HeldAccount,
  type HeldBinding,
  type HeldNamespace,
  heldNamespace,
  limitItems,
} from './cluster-objects.ts';
import { Held, HeldItems } from './held.ts';
import { limitRangesPath, namespacePath } from './paths.ts';

/** After an error that is no answer of the API server: not in a tight circle, and soon. */
const RETRY_MS = 1000;

export interface ClusterStateOptions {
  api: Api;
  metrics: Metrics;
  log: Log;
  clock?: Clock;
}

/** What is held of the account and of the binding that a role has in each namespace. */
export interface HeldRole {
  accounts: Held<HeldAccount>;
  bindings: Held<HeldBinding>;
}

/** Whoever is told of what changed. */
export interface StateListener {
  /** Something was said about these namespaces. */
  heard(namespaces: Iterable<string>): void;
  /** The bindings of a role as they were before something was said about them. */
  bindingsWere(role: Role, before: ReadonlyMap<string, HeldBinding | undefined>): void;
}

/**
 * What reviews need to know of the cluster, followed by list and watch. A review of a pod whose namespace,
 * account and binding are known here asks the API server nothing.
 *
 * What is not known is no answer: the object may have been made a moment ago, so it is read. The same is done
 * with all that is not fresh: before the first list has come, and from the moment at which a watch broke until
 * the next one has caught up. So an answer is as old as the way of a watch event, which takes milliseconds; a
 * watch whose connection is open and silent is found out after 90 s at the latest.
 */
export class ClusterState {
  readonly namespaces = new Held<HeldNamespace>();
  readonly limits = new HeldItems<LimitRangeItem>();
  readonly roles: ReadonlyMap<Role, HeldRole> = new Map(
    ALL_ROLES.map((role) => [role, { accounts: new Held(), bindings: new Held() }]),
  );
  #options: Required<ClusterStateOptions>;
  #reading = new Map<string, Promise<Namespace>>();
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

  /** Returns at once: whatever is not known yet is read. */
  start(listener?: StateListener): void {
    this.#listener = listener;
    this.#following = [
      this.#follow('namespaces', namespaceList, (event) => this.namespaces.absorb(event).keys()),
      this.#follow('limitranges', limitList, (event) => {
        this.limits.absorb(event);
        return [];
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

  /** Resolves when nothing is followed any more; what is held counts as not fresh from now on. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const one of this.#all()) one.fresh = false;
    await Promise.all(this.#following);
  }

  /** A namespace with the items of its LimitRanges; throws what the API server says when there is none. */
  readNamespace(name: string): Namespace | Promise<Namespace> {
    const held = this.namespaces.fresh ? this.namespaces.get(name) : undefined;
    if (held !== undefined && this.limits.fresh) return namespaceOf(name, held, this.limits.get(name));
    // Reviews that come meanwhile share it.
    const running = this.#reading.get(name);
    if (running !== undefined) return running;
    const reading = this.#read(name, held).finally(() => this.#reading.delete(name));
    this.#reading.set(name, reading);
    return reading;
  }

  /**
   * Whether it is known that all of the need is there. That an account of the pods' own exists is not asked:
   * the API server refuses pods of accounts that do not.
   */
  isProvided(namespace: string, { account, roles }: AccessNeed): boolean {
    const own = OWN_ACCOUNTS.includes(account) ? this.roles.get(account as Role) : undefined;
    if (own !== undefined && !(own.accounts.fresh && own.accounts.get(namespace) !== undefined)) return false;
    return roles.every((role) => {
      const bindings = this.roles.get(role)?.bindings;
      const binding = bindings?.fresh ? bindings.get(namespace) : undefined;
      return binding?.roleRight === true && binding.accounts.includes(account);
    });
  }

  /** The namespace first: for one that there is not, which anybody can name, nothing more is asked. */
  async #read(name: string, known: HeldNamespace | undefined): Promise<Namespace> {
    const held = known ?? (await this.#readLive(name));
    return namespaceOf(name, held, await this.#readLimits(name));
  }

  async #readLive(name: string): Promise<HeldNamespace> {
    this.#countRead('namespace');
    return heldNamespace(await this.#options.api.get<V1Namespace>(namespacePath(name)));
  }

  /** From the API server's cache: a list without a version waits up to 100 ms for etcd's progress after any write. */
  async #readLimits(namespace: string): Promise<LimitRangeItem[]> {
    this.#countRead('limits');
    const path = `${limitRangesPath(namespace)}?resourceVersion=0`;
    const { items } = await this.#options.api.get<{ items?: V1LimitRange[] | null }>(path);
    return (items ?? []).flatMap(limitItems);
  }

  /** An error of ours, which there should be none of, must not leave what is held looking fresh. */
  async #follow<Kept>(
    collection: string,
    listed: Listed<Kept>,
    absorb: (event: SourceEvent<Kept>) => Iterable<string>,
  ): Promise<void> {
    const { clock } = this.#options;
    const log = named(collection, this.#options.log);
    while (!this.#stopped) {
      try {
        await this.#followOnce(listed, absorb, log);
      } catch (error) {
        const message = sentenceOf(error);
        log.error('following failed', { error: message });
        absorb({ type: 'lost', message });
        await new Promise<void>((resolve) => clock.setTimeout(resolve, RETRY_MS));
      }
    }
  }

  async #followOnce<Kept>(
    listed: Listed<Kept>,
    absorb: (event: SourceEvent<Kept>) => Iterable<string>,
    log: Log,
  ): Promise<void> {
    const { api, clock } = this.#options;
    for await (const event of follow(listed, api.transport, clock, log)) {
      if (this.#stopped) return;
      const { synced } = this;
      const said = absorb(event);
      // What was heard before all was known could not be judged.
      if (!synced && this.synced) this.#listener?.heard(this.#known());
      else this.#listener?.heard(said);
    }
  }

  #all(): { fresh: boolean; synced: boolean }[] {
    const roles = [...this.roles.values()].flatMap(({ accounts, bindings }) => [accounts, bindings]);
    return [this.namespaces, this.limits, ...roles];
  }

  #known(): Set<string> {
    const roles = [...this.roles.values()].flatMap(({ accounts, bindings }) => [accounts, bindings]);
    return new Set([this.namespaces, ...roles].flatMap((one) => [...one.keys()]));
  }
}

function namespaceOf(
  name: string,
  { labels, annotations }: HeldNamespace,
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

import type { V1Namespace, V1RoleBinding, V1ServiceAccount } from '@kubernetes/client-node';
import { keys } from '../inject/annotations.ts';
import { SCOPED_ACCOUNT } from '../inject/names.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { type Clock, systemClock } from '../watcher/clock.ts';
import type { Listed } from '../watcher/kubernetes/collection.ts';
import { follow } from '../watcher/kubernetes/kubernetes.ts';
import { type Access, BINDING, boundAccounts, isManaged, isRoleRight } from './access.ts';
import {
  Held,
  type HeldAccount,
  type HeldBinding,
  isLost,
  type LabelledNamespace,
  wanting,
} from './access-held.ts';
import { KeyedWork } from './keyed-work.ts';
import { ifThere, type KubernetesClient, sentenceOf } from './kubernetes-client.ts';

export interface AccessControllerOptions {
  client: KubernetesClient;
  access: Access;
  metrics: Metrics;
  log: Log;
  clock?: Clock;
}

/** RBAC lets an account list and watch one name of a resource when this selector says so. */
const ACCOUNT_ONLY = `metadata.name=${SCOPED_ACCOUNT}`;
const BINDING_ONLY = `metadata.name=${BINDING}`;

const NONE: ReadonlySet<string> = new Set();

/**
 * Provides access before a pod asks, and mends it. In labelled namespaces the scoped account and its
 * binding are made; what Rollcall manages is made again wherever it vanishes, and a managed binding to
 * another role is made anew. Whoever wants to be rid of it in a namespace that still exists takes off
 * its managed-by labels first.
 *
 * Every replica does all of this: each step looks at what is there at that moment and leaves what is
 * right alone, so that several come to the same end, and no leader has to be found.
 *
 * Who was in a binding that vanished is known from having seen it. What vanished while no replica ran
 * was seen by none: then a labelled namespace gets the scoped account and its binding all the same, and
 * so does one whose managed account is still there; an account of the pods' own is bound again with the
 * next pod that has it.
 */
export class AccessController {
  #options: Required<AccessControllerOptions>;
  #namespaces = new Held<LabelledNamespace>();
  #accounts = new Held<HeldAccount>();
  #bindings = new Held<HeldBinding>();
  /** Until they are bound again, or their namespace is gone. */
  #lost = new Map<string, ReadonlySet<string>>();
  #work: KeyedWork;
  #following: Promise<void>[] = [];
  #stopped = false;

  constructor(options: AccessControllerOptions) {
    this.#options = { clock: systemClock, ...options };
    const { log, clock, metrics } = this.#options;
    this.#work = new KeyedWork(
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
    metrics.read(
      'gauge',
      'rollcall_access_stale',
      '1 while labelled namespaces, accounts and bindings are not followed.',
      () => (this.#all().every(({ fresh }) => fresh) ? 0 : 1),
    );
    metrics.read(
      'gauge',
      'rollcall_access_failing_namespaces',
      'Namespaces whose access could not be provided and is tried again.',
      () => this.#work.failing,
    );
  }

  /** Returns at once: injection does not depend on it, as the first pod of an account brings its own access. */
  start(): void {
    this.#following = [
      this.#follow('namespaces', this.#namespaces, {
        path: '/api/v1/namespaces',
        labelSelector: `${keys.injection.key}=enabled`,
        members: (object) => [{ terminating: isTerminating(object as V1Namespace) }],
      }),
      this.#follow('serviceaccounts', this.#accounts, {
        path: '/api/v1/serviceaccounts',
        fieldSelector: ACCOUNT_ONLY,
        key: ({ metadata }) => metadata?.namespace,
        members: (object) => [{ managed: isManaged(object as V1ServiceAccount) }],
      }),
      this.#follow(
        'rolebindings',
        this.#bindings,
        {
          path: '/apis/rbac.authorization.k8s.io/v1/rolebindings',
          fieldSelector: BINDING_ONLY,
          key: ({ metadata }) => metadata?.namespace,
          members: (object) => [heldBinding(object as unknown as V1RoleBinding)],
        },
        (before) => this.#remember(before),
      ),
    ];
  }

  /** Resolves when nothing is read any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#work.stop();
    await Promise.all(this.#following);
  }

  async #follow<Kept>(
    collection: string,
    held: Held<Kept>,
    listed: Listed<Kept>,
    heard: (before: ReadonlyMap<string, Kept | undefined>) => void = () => {},
  ): Promise<void> {
    const { client, clock } = this.#options;
    const log = named(collection, this.#options.log);
    for await (const event of follow(listed, client.transport, clock, log)) {
      if (this.#stopped) return;
      const { synced } = held;
      const said = held.absorb(event);
      heard(said);
      // What was heard before all was known could not be judged.
      if (!synced && held.synced) this.#lookAtAll();
      else for (const namespace of said.keys()) this.#look(namespace);
    }
  }

  #all() {
    return [this.#namespaces, this.#accounts, this.#bindings];
  }

  #remember(before: ReadonlyMap<string, HeldBinding | undefined>): void {
    for (const [namespace, binding] of before) {
      if (!isLost(binding, this.#bindings.get(namespace))) continue;
      this.#lost.set(namespace, new Set([...(this.#lost.get(namespace) ?? NONE), ...binding!.accounts]));
    }
  }

  #lookAtAll(): void {
    const held = this.#all().flatMap((one) => [...one.keys()]);
    for (const namespace of new Set([...held, ...this.#lost.keys()])) this.#look(namespace);
  }

  #look(namespace: string): void {
    if (!this.#all().every(({ synced }) => synced)) return;
    if (this.#wanting(namespace) !== undefined) this.#work.want(namespace);
  }

  #wanting(namespace: string): Set<string> | undefined {
    return wanting({
      namespace: this.#namespaces.get(namespace),
      account: this.#accounts.get(namespace),
      binding: this.#bindings.get(namespace),
      lost: this.#lost.get(namespace) ?? NONE,
    });
  }

  /** What is held only says where to look: what is done follows from what the API server says now. */
  async #provide(namespace: string): Promise<void> {
    const lost = this.#lost.get(namespace);
    const accounts = this.#wanting(namespace);
    if (accounts !== undefined && (await this.#isThere(namespace))) {
      try {
        await this.#options.access.restore(namespace, accounts);
      } catch (error) {
        // In a namespace that ends nothing can be made, which is nobody's fault.
        if (await this.#isThere(namespace)) throw error;
      }
    }
    // More may have been lost meanwhile.
    if (this.#lost.get(namespace) === lost) this.#lost.delete(namespace);
  }

  async #isThere(name: string): Promise<boolean> {
    const namespace = await ifThere(this.#options.client.core.readNamespace({ name }));
    return namespace !== undefined && !isTerminating(namespace);
  }
}

function isTerminating({ metadata, status }: V1Namespace): boolean {
  return Boolean(metadata?.deletionTimestamp) || status?.phase === 'Terminating';
}

function heldBinding(binding: V1RoleBinding): HeldBinding {
  return {
    managed: isManaged(binding),
    roleRight: isRoleRight(binding),
    accounts: boundAccounts(binding, binding.metadata!.namespace!),
  };
}

function named(collection: string, log: Log): Log {
  return {
    info: (message, fields) => log.info(message, { collection, ...fields }),
    warn: (message, fields) => log.warn(message, { collection, ...fields }),
    error: (message, fields) => log.error(message, { collection, ...fields }),
  };
}

import type { RbacV1Subject, V1RoleBinding } from '@kubernetes/client-node';
import { SCOPED_ACCOUNT } from '../inject/names.ts';
import type { Log } from '../log.ts';
import { Metrics } from '../metrics.ts';
import { ifThere, isStatus, type KubernetesClient } from './kubernetes-client.ts';

/** One binding for each namespace, under the name of the ClusterRole, so that RBAC can pin it. */
export const BINDING = SCOPED_ACCOUNT;
const ROLE_REF = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'rollcall-watcher' };
const MANAGED_BY = 'app.kubernetes.io/managed-by';
const LABELS = { [MANAGED_BY]: 'rollcall' };
/** Replicas that add accounts to one binding at the same moment collide; each round lets one through. */
const ATTEMPTS = 10;

/** What was made, or mended: `role-ref` is a binding made anew because it was to another role. */
type Change = 'account' | 'binding' | 'role-ref' | 'subject';

/**
 * Makes sure that accounts may watch the endpoints and pods of their namespace, and nothing more. It
 * makes the scoped account where it is missing; any other account must exist already.
 *
 * Anybody who reaches the webhook can post a review, and nothing in it proves that a pod asked. So what
 * follows from one is fixed here: this account, this binding, this read-only role, in a namespace that
 * the API server knows, for an account that it knows. The scoped account is of use only to those who
 * may create pods there, and they can have all of this by an annotation. What a forged review can gain
 * is for a process that runs under another account already: to see the pods of its own namespace. A
 * proof would need the right to read all pods of the cluster, which is more than is at stake; where it
 * matters, a network policy lets only the API server reach the webhook.
 */
export class Access {
  #client: KubernetesClient;
  #log: Log;
  #changed: (kind: Change) => void;
  #underWay = new Map<string, Promise<void>>();

  constructor(client: KubernetesClient, log: Log, metrics = new Metrics()) {
    this.#client = client;
    this.#log = log;
    const changes = metrics.counter(
      'rollcall_access_changes_total',
      'Accounts, bindings, roles of bindings and subjects that were made or mended, by kind.',
    );
    this.#changed = (kind) => changes.inc({ kind });
  }

  /** Pods that come at once for one account share the work. */
  async ensure(namespace: string, account: string): Promise<void> {
    const key = `${namespace}/${account}`;
    const running = this.#underWay.get(key);
    if (running !== undefined) return running;
    const work = this.#ensure(namespace, account).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, work);
    return work;
  }

  /** The same for accounts that had access before: those that are gone are left out. */
  async restore(namespace: string, accounts: Iterable<string>): Promise<void> {
    const existing = new Set<string>();
    for (const account of accounts) {
      if (account === SCOPED_ACCOUNT) await this.#ensureAccount(namespace, account);
      else if (!(await this.#exists(namespace, account))) continue;
      existing.add(account);
    }
    await this.#bind(namespace, existing);
  }

  async #ensure(namespace: string, account: string): Promise<void> {
    await this.#ensureAccount(namespace, account);
    await this.#bind(namespace, new Set([account]));
  }

  async #bind(namespace: string, accounts: Set<string>): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#bindOnce(namespace, accounts);
        return;
      } catch (error) {
        // Somebody else changed it in between, perhaps to just what is wanted.
        if (attempt === ATTEMPTS || !(isStatus(error, 409) || isStatus(error, 404))) throw error;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 50 * attempt));
      }
    }
  }

  /** Adds to `accounts` those of a binding that has to go, so that the next attempt still knows them. */
  async #bindOnce(namespace: string, accounts: Set<string>): Promise<void> {
    const binding = await this.#readBinding(namespace);
    if (binding === undefined) return this.#createBinding(namespace, accounts, 'binding');
    if (!isRoleRight(binding)) {
      for (const name of await this.#existingSubjects(namespace, binding)) accounts.add(name);
      await this.#deleteBinding(namespace, binding);
      return this.#createBinding(namespace, accounts, 'role-ref');
    }
    const bound = boundAccounts(binding, namespace);
    const missing = [...accounts].filter((account) => !bound.includes(account));
    if (missing.length === 0) return;
    const subjects = [...(binding.subjects ?? []), ...missing.map((account) => subject(namespace, account))];
    const body = { ...binding, subjects };
    await this.#client.rbac.replaceNamespacedRoleBinding({ namespace, name: BINDING, body });
    for (const account of missing) {
      this.#log.info('account bound', { namespace, account });
      this.#changed('subject');
    }
  }

  async #ensureAccount(namespace: string, name: string): Promise<void> {
    try {
      await this.#client.core.readNamespacedServiceAccount({ namespace, name });
      return;
    } catch (error) {
      if (!isStatus(error, 404) || name !== SCOPED_ACCOUNT) throw error;
    }
    const body = { metadata: { name, labels: LABELS }, automountServiceAccountToken: false };
    try {
      await this.#client.core.createNamespacedServiceAccount({ namespace, body });
    } catch (error) {
      // Another replica was faster.
      if (isStatus(error, 409)) return;
      throw error;
    }
    this.#log.info('account created', { namespace, account: name });
    this.#changed('account');
  }

  async #exists(namespace: string, name: string): Promise<boolean> {
    const account = await ifThere(this.#client.core.readNamespacedServiceAccount({ namespace, name }));
    return account !== undefined;
  }

  #readBinding(namespace: string): Promise<V1RoleBinding | undefined> {
    return ifThere(this.#client.rbac.readNamespacedRoleBinding({ namespace, name: BINDING }));
  }

  /**
   * Of a binding to another role only accounts of the namespace are taken along, which any author of
   * pods there could have bound: whoever wrote it need not have had the right to give this role away.
   */
  async #existingSubjects(namespace: string, binding: V1RoleBinding): Promise<string[]> {
    const existing: string[] = [];
    for (const name of boundAccounts(binding, namespace)) {
      if (await this.#exists(namespace, name)) existing.push(name);
    }
    return existing;
  }

  /** A roleRef can't be changed. Exactly what was read goes, not what a replica just put in its place. */
  async #deleteBinding(namespace: string, { metadata, roleRef }: V1RoleBinding): Promise<void> {
    const { uid, resourceVersion } = metadata!;
    const body = { preconditions: { uid: uid!, resourceVersion: resourceVersion! } };
    await this.#client.rbac.deleteNamespacedRoleBinding({ namespace, name: BINDING, body });
    this.#log.warn('binding to another role deleted', { namespace, role: roleRef.name });
  }

  async #createBinding(namespace: string, accounts: Set<string>, kind: Change): Promise<void> {
    if (accounts.size === 0) return;
    const subjects = [...accounts].map((account) => subject(namespace, account));
    const body = { metadata: { name: BINDING, labels: LABELS }, roleRef: ROLE_REF, subjects };
    await this.#client.rbac.createNamespacedRoleBinding({ namespace, body });
    this.#log.info('binding created', { namespace, accounts: [...accounts] });
    this.#changed(kind);
  }
}

/** Whether Rollcall made the object, and may make it again. */
export function isManaged({ metadata }: { metadata?: { labels?: Record<string, string> } }): boolean {
  return metadata?.labels?.[MANAGED_BY] === LABELS[MANAGED_BY];
}

export function isRoleRight({ roleRef }: Pick<V1RoleBinding, 'roleRef'>): boolean {
  return roleRef.kind === ROLE_REF.kind && roleRef.name === ROLE_REF.name;
}

/** The accounts of the namespace itself; Rollcall binds no other subjects. */
export function boundAccounts({ subjects }: Pick<V1RoleBinding, 'subjects'>, namespace: string): string[] {
  return (subjects ?? [])
    .filter((one) => one.kind === 'ServiceAccount' && one.namespace === namespace)
    .map(({ name }) => name);
}

function subject(namespace: string, name: string): RbacV1Subject {
  return { kind: 'ServiceAccount', namespace, name };
}

import type { RbacV1Subject, V1RoleBinding } from '@kubernetes/client-node';
import { SCOPED_ACCOUNT } from '../inject/plan.ts';
import type { Log } from '../log.ts';
import { isStatus, type KubernetesClient } from './kubernetes-client.ts';

/** One binding for each namespace, under the name of the ClusterRole, so that RBAC can pin it. */
const BINDING = SCOPED_ACCOUNT;
const ROLE_REF = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'rollcall-watcher' };
const LABELS = { 'app.kubernetes.io/managed-by': 'rollcall' };
/** Replicas that add accounts to one binding at the same moment collide; each round lets one through. */
const ATTEMPTS = 10;

/**
 * Makes sure that an account may watch the endpoints and pods of its namespace, and nothing more.
 * It makes the scoped account where it is missing; any other account must exist already.
 */
export class Access {
  #client: KubernetesClient;
  #log: Log;
  #underWay = new Map<string, Promise<void>>();

  constructor(client: KubernetesClient, log: Log) {
    this.#client = client;
    this.#log = log;
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

  async #ensure(namespace: string, account: string): Promise<void> {
    await this.#ensureAccount(namespace, account);
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#ensureBinding(namespace, account);
        return;
      } catch (error) {
        // Somebody else changed it in between, perhaps to just what is wanted.
        if (attempt === ATTEMPTS || !(isStatus(error, 409) || isStatus(error, 404))) throw error;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 50 * attempt));
      }
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
    await this.#create(() => this.#client.core.createNamespacedServiceAccount({ namespace, body }));
    this.#log.info('account created', { namespace, account: name });
  }

  async #ensureBinding(namespace: string, account: string): Promise<void> {
    const { rbac } = this.#client;
    const name = BINDING;
    const binding = await this.#readBinding(namespace);
    if (binding !== undefined && !isRoleRight(binding)) {
      // A roleRef can't be changed. Exactly what was read goes, not what a replica just put in its place.
      const { uid, resourceVersion } = binding.metadata!;
      const body = { preconditions: { uid: uid!, resourceVersion: resourceVersion! } };
      await rbac.deleteNamespacedRoleBinding({ namespace, name, body });
      return this.#createBinding(namespace, [...(binding.subjects ?? []), subject(namespace, account)]);
    }
    if (binding === undefined) return this.#createBinding(namespace, [subject(namespace, account)]);
    const subjects = binding.subjects ?? [];
    if (subjects.some((one) => isSubject(one, namespace, account))) return;
    const body = { ...binding, subjects: [...subjects, subject(namespace, account)] };
    await rbac.replaceNamespacedRoleBinding({ namespace, name, body });
    this.#log.info('account bound', { namespace, account });
  }

  async #readBinding(namespace: string): Promise<V1RoleBinding | undefined> {
    try {
      return await this.#client.rbac.readNamespacedRoleBinding({ namespace, name: BINDING });
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      throw error;
    }
  }

  async #createBinding(namespace: string, subjects: RbacV1Subject[]): Promise<void> {
    const body = { metadata: { name: BINDING, labels: LABELS }, roleRef: ROLE_REF, subjects };
    await this.#client.rbac.createNamespacedRoleBinding({ namespace, body });
    this.#log.info('binding created', { namespace, accounts: subjects.map(({ name }) => name) });
  }

  /** Creates what another replica may create at the same moment. */
  async #create(create: () => Promise<unknown>): Promise<void> {
    try {
      await create();
    } catch (error) {
      if (!isStatus(error, 409)) throw error;
    }
  }
}

function isRoleRight({ roleRef }: V1RoleBinding): boolean {
  return roleRef.kind === ROLE_REF.kind && roleRef.name === ROLE_REF.name;
}

function subject(namespace: string, name: string): RbacV1Subject {
  return { kind: 'ServiceAccount', namespace, name };
}

function isSubject(one: RbacV1Subject, namespace: string, name: string): boolean {
  return one.kind === 'ServiceAccount' && one.namespace === namespace && one.name === name;
}

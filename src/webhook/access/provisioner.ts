import type { V1RoleBinding } from '@kubernetes/client-node';
import { type AccessNeed, OWN_ACCOUNTS, ROLES, type Role } from '../../inject/roles.ts';
import type { Log } from '../../log.ts';
import { WEBHOOK_METRICS } from '../../metric-table.ts';
import { Metrics } from '../../metrics.ts';
import { type Api, ifThere, isStatus, sentenceOf } from '../api/api.ts';
import { accountsPath, bindingPath, bindingsPath } from '../api/paths.ts';
import { NamespaceLookups } from './namespace-lookups.ts';
import {
  ALL_ROLES,
  boundAccounts,
  isAccountOf,
  isRoleRight,
  LABELS,
  roleRef,
  subjectOf,
} from './role-binding.ts';

/**
 * The number of attempts to write one binding. Of the replicas that write it at the same moment, one succeeds
 * in each round.
 */
const ATTEMPTS = 10;
/**
 * The largest number of other subjects that are looked up while a pod waits. The rare rounds of pruning look
 * up all of them.
 */
const CHECKED_SUBJECTS = 20;
/**
 * The time after which removed accounts are looked up again. Every replica has heard of the removal by then.
 */
const RECHECK_MS = 5000;

/**
 * The kinds of changes, for the metric: `role-ref` is a binding that was created anew, `pruned` a subject whose
 * account is gone.
 */
type AccessChange = 'account' | 'binding' | 'role-ref' | 'subject' | 'pruned';

export interface ProvisionerOptions {
  api: Api;
  log: Log;
  metrics?: Metrics;
  /** Tells what is known to exist, without a request. */
  state?: { isProvided(namespace: string, need: AccessNeed): boolean };
  /** The namespaces in which nothing is bound. */
  excluded?: readonly string[];
}

/**
 * Gives accounts the roles that their sidecars need, and nothing more. The account of a role is created where
 * it is missing, and so is that of guests, which has no role; any other account must exist already.
 *
 * Anybody who reaches the webhook can post a review, and nothing in it proves that it comes from the API
 * server. So this class fixes what can follow from a review: these accounts, and one binding for each of the
 * read-only roles, for an account that exists, in a namespace that exists, is not being deleted and is not
 * excluded. The plan decides which role a pod may ask for, by what the namespace and the installation allow.
 */
export class AccessProvisioner {
  #options: Required<ProvisionerOptions>;
  #changed: (kind: AccessChange) => void;
  #underWay = new Map<string, Promise<void>>();

  constructor(options: ProvisionerOptions) {
    this.#options = {
      metrics: new Metrics(),
      state: { isProvided: () => false },
      excluded: [],
      ...options,
    };
    const changes = this.#options.metrics.counter(WEBHOOK_METRICS.accessChanges);
    this.#changed = (kind) => changes.inc({ kind });
  }

  /** Tells whether no account gets access in the namespace. */
  isExcluded(namespace: string): boolean {
    return this.#options.excluded.includes(namespace);
  }

  /**
   * Creates what is missing of the need, and resolves once all of it exists. Pods that come at the same time
   * for one account share the work.
   */
  ensure(namespace: string, need: AccessNeed): void | Promise<void> {
    if (this.#options.state.isProvided(namespace, need)) return undefined;
    const key = [namespace, need.account, ...need.roles].join('/');
    const running = this.#underWay.get(key);
    if (running !== undefined) return running;
    const work = this.#ensure(namespace, need).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, work);
    return work;
  }

  /** Binds accounts that had the role before. Accounts that are gone are left out. */
  async restore(namespace: string, role: Role, accounts: Iterable<string>): Promise<void> {
    const lookups = this.#lookups(namespace);
    const existing = new Set<string>();
    for (const account of accounts) {
      if (account === role) await this.#ensureAccount(lookups, role);
      else if (!(await lookups.exists(account))) continue;
      existing.add(account);
    }
    await this.#bind(lookups, role, existing);
  }

  /**
   * Removes subjects whose account is gone from a binding, so that a new account of the same name does not
   * inherit the role.
   */
  async prune(namespace: string, role: Role): Promise<void> {
    const lookups = this.#lookups(namespace);
    const binding = await this.#readBinding(lookups, role);
    if (binding === undefined || !isRoleRight(binding, role) || this.isExcluded(namespace)) return;
    const gone = await lookups.gone(boundAccounts(binding, namespace));
    if (gone.size > 0) await this.#rewrite(lookups, role, binding, [], gone);
  }

  async #ensure(namespace: string, { account, roles }: AccessNeed): Promise<void> {
    const lookups = this.#lookups(namespace);
    if (OWN_ACCOUNTS.includes(account)) await this.#ensureAccount(lookups, account);
    for (const role of roles) {
      if (!ALL_ROLES.includes(role)) throw new Error(`"${role}" is not a role that Rollcall gives`);
      await this.#bind(lookups, role, new Set([account]));
    }
  }

  #lookups(namespace: string): NamespaceLookups {
    return new NamespaceLookups(this.#options.api, namespace, this.isExcluded(namespace));
  }

  async #bind(lookups: NamespaceLookups, role: Role, accounts: Set<string>): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#bindOnce(lookups, role, accounts);
        return;
      } catch (error) {
        // Another writer was faster, and may have written just what is needed.
        if (attempt === ATTEMPTS || !(isStatus(error, 409) || error instanceof BindingVanished)) throw error;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 50 * attempt));
      }
    }
  }

  /**
   * Makes one attempt. When a binding has to be deleted, its accounts are added to `accounts`, so that the
   * next attempt still knows them.
   */
  async #bindOnce(lookups: NamespaceLookups, role: Role, accounts: Set<string>): Promise<void> {
    const binding = await this.#readBinding(lookups, role);
    if (binding === undefined) return this.#createBinding(lookups, role, accounts, 'binding');
    if (!isRoleRight(binding, role)) {
      await lookups.requireWritable();
      for (const name of await this.#inherited(lookups, role, binding)) accounts.add(name);
      await this.#deleteBinding(lookups, role, binding);
      return this.#createBinding(lookups, role, accounts, 'role-ref');
    }
    const bound = boundAccounts(binding, lookups.namespace);
    const missing = [...accounts].filter((account) => !bound.includes(account));
    if (missing.length === 0) return;
    await lookups.requireAll(missing);
    const gone = await lookups.gone(bound.slice(0, CHECKED_SUBJECTS));
    await this.#rewrite(lookups, role, binding, missing, gone);
  }

  async #rewrite(
    { namespace }: NamespaceLookups,
    role: Role,
    binding: V1RoleBinding,
    missing: readonly string[],
    gone: ReadonlySet<string>,
  ): Promise<void> {
    const kept = (binding.subjects ?? []).filter(
      (one) => !(isAccountOf(one, namespace) && gone.has(one.name)),
    );
    const subjects = [...kept, ...missing.map((account) => subjectOf(namespace, account))];
    await vanishing(this.#options.api.replace(bindingPath(namespace, role), { ...binding, subjects }));
    for (const account of missing) {
      this.#options.log.info('account bound', { namespace, role, account });
      this.#changed('subject');
    }
    for (const account of gone) {
      this.#options.log.info('account unbound, since it is gone', { namespace, role, account });
      this.#changed('pruned');
    }
    if (gone.size > 0) this.#recheck(namespace, role, gone);
  }

  /**
   * Looks up removed accounts once more. A pod may have come while its account was created again, and may
   * have found it still bound.
   */
  #recheck(namespace: string, role: Role, accounts: ReadonlySet<string>): void {
    const again = async () => {
      try {
        await this.restore(
          namespace,
          role,
          [...accounts].filter((account) => account !== role),
        );
      } catch (error) {
        this.#options.log.warn('accounts not looked up again', { namespace, role, error: sentenceOf(error) });
      }
    };
    // `again` logs its failures and never rejects.
    setTimeout(() => void again(), RECHECK_MS).unref();
  }

  async #ensureAccount(lookups: NamespaceLookups, name: string): Promise<void> {
    if (await lookups.exists(name)) return;
    await lookups.requireWritable();
    const { namespace } = lookups;
    const body = { metadata: { name, labels: LABELS }, automountServiceAccountToken: false };
    try {
      await this.#options.api.create(accountsPath(namespace), body);
    } catch (error) {
      // Another replica was faster.
      if (isStatus(error, 409)) return;
      throw error;
    }
    this.#options.log.info('account created', { namespace, account: name });
    this.#changed('account');
  }

  #readBinding({ namespace }: NamespaceLookups, role: Role): Promise<V1RoleBinding | undefined> {
    return ifThere(this.#options.api.get<V1RoleBinding>(bindingPath(namespace, role)));
  }

  /**
   * Returns the accounts that are taken over from a binding to another role: those that exist in the
   * namespace, which any author of pods there could have bound. The author of the binding need not have had
   * the right to grant the role that reads pods, so nobody is taken over for that role.
   */
  async #inherited(lookups: NamespaceLookups, role: Role, binding: V1RoleBinding): Promise<string[]> {
    if (role !== ROLES.slices) return [];
    const existing: string[] = [];
    for (const name of boundAccounts(binding, lookups.namespace)) {
      if (await lookups.exists(name)) existing.push(name);
    }
    return existing;
  }

  /**
   * Deletes a binding, since a roleRef can't be changed. The preconditions make sure that it is the one that
   * was read, and not one that another replica has just created.
   */
  async #deleteBinding({ namespace }: NamespaceLookups, role: Role, binding: V1RoleBinding): Promise<void> {
    const { uid, resourceVersion } = binding.metadata!;
    const preconditions = { uid: uid!, resourceVersion: resourceVersion! };
    await vanishing(this.#options.api.delete(bindingPath(namespace, role), { preconditions }));
    this.#options.log.warn('binding to another role deleted', {
      namespace,
      binding: role,
      role: binding.roleRef.name,
    });
  }

  async #createBinding(
    lookups: NamespaceLookups,
    role: Role,
    accounts: Set<string>,
    kind: AccessChange,
  ): Promise<void> {
    if (accounts.size === 0) return;
    await lookups.requireAll(accounts);
    const { namespace } = lookups;
    const subjects = [...accounts].map((account) => subjectOf(namespace, account));
    const body = { metadata: { name: role, labels: LABELS }, roleRef: roleRef(role), subjects };
    await this.#options.api.create(bindingsPath(namespace), body);
    this.#options.log.info('binding created', { namespace, role, accounts: [...accounts] });
    this.#changed(kind);
  }
}

/** The error that the binding has vanished since it was read. */
class BindingVanished extends Error {}

async function vanishing(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    throw isStatus(error, 404) ? new BindingVanished(sentenceOf(error)) : error;
  }
}

import type { V1RoleBinding } from '@kubernetes/client-node';
import { type AccessNeed, OWN_ACCOUNTS, ROLES, type Role } from '../inject/account.ts';
import type { Log } from '../log.ts';
import { WEBHOOK_METRICS } from '../metric-table.ts';
import { Metrics } from '../metrics.ts';
import { type Api, ifThere, isStatus, sentenceOf } from './api.ts';
import { ALL_ROLES, boundAccounts, isAccountOf, isRoleRight, LABELS, roleRef, subjectOf } from './binding.ts';
import { accountsPath, bindingPath, bindingsPath } from './paths.ts';
import { Place } from './place.ts';

/** Replicas that add accounts to one binding at the same moment collide; each round lets one through. */
const ATTEMPTS = 10;
/** While a pod waits, so many of the other subjects are looked up at most; the slow round looks up all. */
const CHECKED_SUBJECTS = 20;
/** Longer than any replica takes to hear that a subject was taken out of a binding. */
const RECHECK_MS = 5000;

/** What was made, or mended: `role-ref` is a binding made anew, `pruned` a subject whose account is gone. */
type Change = 'account' | 'binding' | 'role-ref' | 'subject' | 'pruned';

export interface AccessOptions {
  api: Api;
  log: Log;
  metrics?: Metrics;
  /** What is known to be there without asking. */
  state?: { isProvided(namespace: string, need: AccessNeed): boolean };
  /** Namespaces in which nothing is bound. */
  excluded?: readonly string[];
}

/**
 * Makes sure that accounts have the roles that their sidecars need, and nothing more. The account of a role is
 * made where it is missing; any other account must exist already.
 *
 * Anybody who reaches the webhook can post a review, and nothing in it proves that a pod asked. So what follows
 * from one is fixed here: these accounts, one binding for each of two read-only roles, in a namespace that the
 * API server says is there, does not end and is not excluded, for an account that the API server knows. Which
 * role a pod can ask for is decided in the plan, by what the namespace and the installation allow.
 */
export class Access {
  #options: Required<AccessOptions>;
  #changed: (kind: Change) => void;
  #underWay = new Map<string, Promise<void>>();

  constructor(options: AccessOptions) {
    this.#options = {
      metrics: new Metrics(),
      state: { isProvided: () => false },
      excluded: [],
      ...options,
    };
    const changes = this.#options.metrics.counter(WEBHOOK_METRICS.accessChanges);
    this.#changed = (kind) => changes.inc({ kind });
  }

  /** Whether accounts are given access there at all. */
  isExcluded(namespace: string): boolean {
    return this.#options.excluded.includes(namespace);
  }

  /** Resolves when all of the need is there. Pods that come at once for one account share the work. */
  ensure(namespace: string, need: AccessNeed): void | Promise<void> {
    if (this.#options.state.isProvided(namespace, need)) return undefined;
    const key = [namespace, need.account, ...need.roles].join('/');
    const running = this.#underWay.get(key);
    if (running !== undefined) return running;
    const work = this.#ensure(namespace, need).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, work);
    return work;
  }

  /** The same for accounts that had the role before: those that are gone are left out. */
  async restore(namespace: string, role: Role, accounts: Iterable<string>): Promise<void> {
    const place = this.#place(namespace);
    const existing = new Set<string>();
    for (const account of accounts) {
      if (account === role) await this.#ensureAccount(place, role);
      else if (!(await place.exists(account))) continue;
      existing.add(account);
    }
    await this.#bind(place, role, existing);
  }

  /** Takes those out of a binding whose account is gone: whoever makes one of that name must not inherit its role. */
  async prune(namespace: string, role: Role): Promise<void> {
    const place = this.#place(namespace);
    const binding = await this.#readBinding(place, role);
    if (binding === undefined || !isRoleRight(binding, role) || this.isExcluded(namespace)) return;
    const gone = await place.gone(boundAccounts(binding, namespace));
    if (gone.size > 0) await this.#rewrite(place, role, binding, [], gone);
  }

  async #ensure(namespace: string, { account, roles }: AccessNeed): Promise<void> {
    const place = this.#place(namespace);
    if (OWN_ACCOUNTS.includes(account)) await this.#ensureAccount(place, account);
    for (const role of roles) {
      if (!ALL_ROLES.includes(role)) throw new Error(`"${role}" is not a role that Rollcall gives`);
      await this.#bind(place, role, new Set([account]));
    }
  }

  #place(namespace: string): Place {
    return new Place(this.#options.api, namespace, this.isExcluded(namespace));
  }

  async #bind(place: Place, role: Role, accounts: Set<string>): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#bindOnce(place, role, accounts);
        return;
      } catch (error) {
        // Somebody else changed it in between, perhaps to just what is wanted.
        if (attempt === ATTEMPTS || !(isStatus(error, 409) || error instanceof BindingVanished)) throw error;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 50 * attempt));
      }
    }
  }

  /** Adds to `accounts` those of a binding that has to go, so that the next attempt still knows them. */
  async #bindOnce(place: Place, role: Role, accounts: Set<string>): Promise<void> {
    const binding = await this.#readBinding(place, role);
    if (binding === undefined) return this.#createBinding(place, role, accounts, 'binding');
    if (!isRoleRight(binding, role)) {
      await place.requireWritable();
      for (const name of await this.#inherited(place, role, binding)) accounts.add(name);
      await this.#deleteBinding(place, role, binding);
      return this.#createBinding(place, role, accounts, 'role-ref');
    }
    const bound = boundAccounts(binding, place.namespace);
    const missing = [...accounts].filter((account) => !bound.includes(account));
    if (missing.length === 0) return;
    await place.requireAll(missing);
    const gone = await place.gone(bound.slice(0, CHECKED_SUBJECTS));
    await this.#rewrite(place, role, binding, missing, gone);
  }

  async #rewrite(
    { namespace }: Place,
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

  /** One that was made again meanwhile may have been seen as bound still, by a pod that came then. */
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
    setTimeout(() => void again(), RECHECK_MS).unref();
  }

  async #ensureAccount(place: Place, name: string): Promise<void> {
    if (await place.exists(name)) return;
    await place.requireWritable();
    const { namespace } = place;
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

  #readBinding({ namespace }: Place, role: Role): Promise<V1RoleBinding | undefined> {
    return ifThere(this.#options.api.get<V1RoleBinding>(bindingPath(namespace, role)));
  }

  /**
   * Whom a binding to another role hands on: accounts of the namespace that exist, which any author of pods there
   * could have bound. Whoever wrote it need not have had the right to give this role away, so the role that
   * reads pods is handed on to nobody.
   */
  async #inherited(place: Place, role: Role, binding: V1RoleBinding): Promise<string[]> {
    if (role !== ROLES.slices) return [];
    const existing: string[] = [];
    for (const name of boundAccounts(binding, place.namespace)) {
      if (await place.exists(name)) existing.push(name);
    }
    return existing;
  }

  /** A roleRef can't be changed. Exactly what was read goes, not what a replica just put in its place. */
  async #deleteBinding({ namespace }: Place, role: Role, binding: V1RoleBinding): Promise<void> {
    const { uid, resourceVersion } = binding.metadata!;
    const preconditions = { uid: uid!, resourceVersion: resourceVersion! };
    await vanishing(this.#options.api.delete(bindingPath(namespace, role), { preconditions }));
    this.#options.log.warn('binding to another role deleted', {
      namespace,
      binding: role,
      role: binding.roleRef.name,
    });
  }

  async #createBinding(place: Place, role: Role, accounts: Set<string>, kind: Change): Promise<void> {
    if (accounts.size === 0) return;
    await place.requireAll(accounts);
    const { namespace } = place;
    const subjects = [...accounts].map((account) => subjectOf(namespace, account));
    const body = { metadata: { name: role, labels: LABELS }, roleRef: roleRef(role), subjects };
    await this.#options.api.create(bindingsPath(namespace), body);
    this.#options.log.info('binding created', { namespace, role, accounts: [...accounts] });
    this.#changed(kind);
  }
}

/** The binding that was read is not there any more. */
class BindingVanished extends Error {}

async function vanishing(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    throw isStatus(error, 404) ? new BindingVanished(sentenceOf(error)) : error;
  }
}

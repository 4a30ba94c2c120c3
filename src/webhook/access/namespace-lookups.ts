import type { V1Namespace } from '@kubernetes/client-node';
import { OWN_ACCOUNTS } from '../../inject/roles.ts';
import { type Api, ifThere } from '../api/api.ts';
import { accountPath, namespacePath } from '../api/paths.ts';
import { Refused } from '../refused.ts';
import { isTerminating } from '../state/object-state.ts';

/** The lookups that one piece of work makes in one namespace. Each account is looked up once. */
export class NamespaceLookups {
  readonly namespace: string;
  #api: Api;
  #excluded: boolean;
  #writable = false;
  #existing = new Map<string, boolean>();

  constructor(api: Api, namespace: string, excluded: boolean) {
    this.namespace = namespace;
    this.#api = api;
    this.#excluded = excluded;
  }

  /** Throws when nothing may be written in the namespace. The API server decides that, not the request. */
  async requireWritable(): Promise<void> {
    if (this.#writable) return;
    const name = this.namespace;
    if (this.#excluded)
      throw new Refused(
        422,
        `Rollcall gives no access in the namespace "${name}"; create the pod in another`,
      );
    const namespace = await this.#api.get<V1Namespace>(namespacePath(name));
    if (isTerminating(namespace))
      throw new Refused(422, `the namespace "${name}" is being deleted; create the pod in another`);
    this.#writable = true;
  }

  /** Throws unless all of these accounts may be bound: those that Rollcall creates, and others that exist. */
  async requireAll(accounts: Iterable<string>): Promise<void> {
    await this.requireWritable();
    for (const account of accounts) {
      if (OWN_ACCOUNTS.includes(account) || this.#existing.get(account) === true) continue;
      await this.#api.get(accountPath(this.namespace, account));
      this.#existing.set(account, true);
    }
  }

  async exists(account: string): Promise<boolean> {
    const known = this.#existing.get(account);
    if (known !== undefined) return known;
    const found = (await ifThere(this.#api.get(accountPath(this.namespace, account)))) !== undefined;
    this.#existing.set(account, found);
    return found;
  }

  /** Returns the accounts that do not exist. An account that can't be read does not count as gone. */
  async gone(accounts: readonly string[]): Promise<Set<string>> {
    const gone = new Set<string>();
    for (const account of accounts) {
      if (!(await this.exists(account).catch(() => true))) gone.add(account);
    }
    return gone;
  }
}

import type { V1Namespace } from '@kubernetes/client-node';
import { OWN_ACCOUNTS } from '../../inject/account.ts';
import { type Api, ifThere } from '../api/api.ts';
import { accountPath, namespacePath } from '../api/paths.ts';
import { isTerminating } from '../state/object-state.ts';

/** One namespace as one piece of work sees it: what was looked up once is not looked up again. */
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

  /** Throws where nothing may be written: the API server has the word about it, not who asks. */
  async requireWritable(): Promise<void> {
    if (this.#writable) return;
    const name = this.namespace;
    if (this.#excluded) throw new Error(`no access is given in the namespace "${name}"; use another`);
    const namespace = await this.#api.get<V1Namespace>(namespacePath(name));
    if (isTerminating(namespace)) throw new Error(`the namespace "${name}" ends; create the pod in another`);
    this.#writable = true;
  }

  /** Before accounts are bound: Rollcall makes its own, and any other must be there. */
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

  /** Those that the API server says are not there; of what can't be read nobody counts as gone. */
  async gone(accounts: readonly string[]): Promise<Set<string>> {
    const gone = new Set<string>();
    for (const account of accounts) {
      if (!(await this.exists(account).catch(() => true))) gone.add(account);
    }
    return gone;
  }
}

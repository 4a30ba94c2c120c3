/**
 * The imagePullSecrets that pods get from their account. The API server adds them before the webhook runs. A
 * file is injected before that, so a pod whose account is replaced would lose them.
 */

import { isDeepStrictEqual } from 'node:util';
import { keys } from '../../inject/annotations.ts';
import type { Plan } from '../../inject/plan.ts';
import { at, type Fields, isFields, type Value } from '../document/value.ts';
import { named } from '../named.ts';
import type { Item, Workload } from '../workloads.ts';

/** The ServiceAccounts of the input, with the `imagePullSecrets` that their pods would get. */
export class PullSecrets {
  readonly #accounts = new Map<string, Value>();
  /** The workloads that may lose some, because their account is not in the input. */
  readonly unknown: Workload[] = [];

  constructor(items: readonly Item[], fallback: string) {
    for (const { group, kind, name, namespace, object } of items) {
      if (group !== '' || kind !== 'ServiceAccount') continue;
      this.#accounts.set(`${namespace ?? fallback}/${name}`, object.imagePullSecrets ?? []);
    }
  }

  /**
   * Returns the secrets that a workload loses when its account is replaced. Notes the workload when they are
   * not known.
   */
  lost(workload: Workload, namespace: string, { account, accountName }: Plan): Value[] {
    const spec = at(workload.object, [...workload.templatePath, 'spec']) as Fields;
    const named = spec.imagePullSecrets;
    if (account !== 'scoped' || (Array.isArray(named) && named.length > 0)) return [];
    const known = this.#accounts.get(
      `${namespace}/${spec.serviceAccountName || spec.serviceAccount || 'default'}`,
    );
    const secrets = Array.isArray(known) ? known : [];
    if (known === undefined || !this.#isGiven(namespace, accountName, secrets)) this.unknown.push(workload);
    return secrets;
  }

  /**
   * Tells whether the new account can be given these secrets. When several workloads get it, it can have the
   * secrets of one old account only.
   */
  #isGiven(namespace: string, account: string, secrets: readonly Value[]): boolean {
    const there = this.#accounts.get(`${namespace}/${account}`);
    if (there === undefined) this.#accounts.set(`${namespace}/${account}`, [...secrets]);
    return secrets.length === 0 || there === undefined || isDeepStrictEqual(there, secrets);
  }
}

/** Gives the account in `objects` the secrets that the old one had. */
export function withPullSecrets(objects: Fields[], secrets: readonly Value[]): Fields[] {
  if (secrets.length === 0) return objects;
  return objects.map((object) =>
    object.kind === 'ServiceAccount' && isFields(object.metadata)
      ? { ...object, imagePullSecrets: [...secrets] }
      : object,
  );
}

/** Returns the sentence that says how to keep the secrets that may be lost. */
export function pullSecretsAdvice(titles: readonly string[]): string {
  return (
    `imagePullSecrets that only the old account has do not reach ${named(titles)}; if it has some, write ` +
    `them into spec.imagePullSecrets of the pod template, or keep the account with ${keys.serviceAccount.key}: "keep"`
  );
}

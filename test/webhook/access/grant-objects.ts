/** Grants in the API double: the namespaces that give them, and the bindings that Rollcall makes of them. */

import { GRANT_BINDING } from '../../../src/inject/names.ts';
import { OWN_ACCOUNTS } from '../../../src/inject/roles.ts';
import type { ApiObject } from '../../../src/testing/api/objects.ts';
import { grantBinding } from '../../../src/webhook/access/grant-binding.ts';
import type { KubernetesDouble } from '../../support/kubernetes-double.ts';
import { bindingsOf, NAMESPACES } from './access-cluster.ts';

export const grantBindingOf = (namespace: string) => `${bindingsOf(namespace)}/${GRANT_BINDING}`;

/** Makes a namespace, or changes it. Without a grant it gives none. */
export function namespace(api: KubernetesDouble, name: string, grant?: string, more: ApiObject = {}): void {
  const annotations = grant === undefined ? {} : { 'rollcall.dev/grant': grant };
  const object = { metadata: { name, annotations, ...more } };
  if (api.get(`${NAMESPACES}/${name}`) === undefined) api.create(NAMESPACES, object);
  else api.replace(NAMESPACES, object);
}

/** Returns the accounts that the binding lets in, as NAMESPACE/NAME, and undefined where there is no binding. */
export function granted(api: KubernetesDouble, name: string): string[] | undefined {
  const binding = api.get(grantBindingOf(name)) as unknown as ReturnType<typeof grantBinding> | undefined;
  return binding?.subjects?.map((one) => `${one.namespace}/${one.name}`).toSorted();
}

/** Returns the binding that Rollcall makes for these namespaces, with fields of another. */
export const made = (names: string[], changed: object = {}) =>
  ({ ...grantBinding(names), ...changed }) as unknown as ApiObject;

/** Returns the accounts of Rollcall in these namespaces, as NAMESPACE/NAME. */
export const accountsIn = (...names: string[]) =>
  names.flatMap((name) => OWN_ACCOUNTS.map((account) => `${name}/${account}`)).toSorted();

/** The Service "db" in the API double, which the sidecars of tests follow. */
import type { TestContext } from 'node:test';
import { endpointSlice, podEndpoint } from '../support/endpoint-slices.ts';
import { type KubernetesDouble, kubernetesDouble } from '../support/kubernetes-double.ts';

export const quickly = { timeoutMs: 15_000, everyMs: 20 };

/** Returns the slice of the Service, with these pods. */
export function group(...names: string[]) {
  const endpoints = names.map((name, index) =>
    podEndpoint({ name, uid: `uid-${name}`, ip: `10.0.0.${index + 1}` }),
  );
  return endpointSlice({ namespace: 'default', service: 'db', name: 'db-a', endpoints });
}

export async function upstream(t: TestContext): Promise<KubernetesDouble> {
  const api = await kubernetesDouble(t);
  return api;
}

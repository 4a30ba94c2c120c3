/** The namespace "demo" in the API double, and one replica that gives access in it. */
import type { TestContext } from 'node:test';
import { type AccessNeed, ROLES } from '../../../src/inject/roles.ts';
import type { ApiObject } from '../../../src/testing/api/objects.ts';
import { AccessProvisioner } from '../../../src/webhook/access/provisioner.ts';
import { RecordedLog } from '../../watcher/recorded-log.ts';
import { type Connected, connected } from '../connected-client.ts';
import { accountsOf, bindingOf, bindingsOf, NAMESPACES, ROLE_REF, SCOPED } from './access-cluster.ts';

export const ACCOUNTS = accountsOf('demo');
export const BINDINGS = bindingsOf('demo');
export const BINDING = bindingOf('demo');

export type Started = Connected & { access: AccessProvisioner; log: RecordedLog };

/** Starts a replica; `accounts` exist already. */
export async function start(t: TestContext, ...accounts: string[]): Promise<Started> {
  const ways = await connected(t);
  ways.api.create(NAMESPACES, { metadata: { name: 'demo' } });
  for (const name of accounts) ways.api.create(ACCOUNTS, { metadata: { name } });
  const log = new RecordedLog();
  return { ...ways, log, access: new AccessProvisioner({ api: ways.client, log }) };
}

/** Returns the access that a sidecar needs to read EndpointSlices. */
export const slices = (account: string): AccessNeed => ({ account, roles: [ROLES.slices] });

export const subject = (name: string) => ({ kind: 'ServiceAccount', namespace: 'demo', name });

export function bound({ api }: Connected): string[] {
  const { subjects = [] } = (api.get(BINDING) ?? {}) as { subjects?: { name: string }[] };
  return subjects.map(({ name }) => name).toSorted();
}

export function bindingWith(fields: ApiObject): ApiObject {
  return { metadata: { name: SCOPED }, roleRef: ROLE_REF, ...fields };
}

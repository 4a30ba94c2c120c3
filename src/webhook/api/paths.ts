const CORE = '/api/v1';
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const ADMISSION = '/apis/admissionregistration.k8s.io/v1';

export const VERSION = '/version';
export const NAMESPACES = `${CORE}/namespaces`;

export function namespacePath(name: string): string {
  return `${NAMESPACES}/${segment(name)}`;
}

/** Returns the path of the LimitRanges of a namespace, or of all namespaces when none is given. */
export function limitRangesPath(namespace?: string): string {
  return within(CORE, 'limitranges', namespace);
}

export function accountsPath(namespace?: string): string {
  return within(CORE, 'serviceaccounts', namespace);
}

export function accountPath(namespace: string, name: string): string {
  return `${accountsPath(namespace)}/${segment(name)}`;
}

export function bindingsPath(namespace?: string): string {
  return within(RBAC, 'rolebindings', namespace);
}

export function bindingPath(namespace: string, name: string): string {
  return `${bindingsPath(namespace)}/${segment(name)}`;
}

export function eventsPath(namespace: string): string {
  return within(CORE, 'events', namespace);
}

export function secretsPath(namespace: string): string {
  return within(CORE, 'secrets', namespace);
}

export function secretPath(namespace: string, name: string): string {
  return `${secretsPath(namespace)}/${segment(name)}`;
}

export function webhookConfigurationPath(name: string): string {
  return `${ADMISSION}/mutatingwebhookconfigurations/${segment(name)}`;
}

function within(group: string, resource: string, namespace: string | undefined): string {
  return namespace === undefined
    ? `${group}/${resource}`
    : `${group}/namespaces/${segment(namespace)}/${resource}`;
}

/**
 * Returns a name as one segment of a path. The name may come from a request that anybody has sent, so it must
 * not lead to another path.
 */
function segment(name: string): string {
  if (name === '' || name === '.' || name === '..') {
    throw new Error(`"${name}" is not a name of an object; names are DNS-1123 labels or subdomains`);
  }
  return encodeURIComponent(name);
}

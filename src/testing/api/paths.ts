/**
 * The paths of the Kubernetes API, and the errors that it answers with.
 */

/** A collection (`name` absent) or one object (`name` present). */
export interface ApiPath {
  group: string;
  version: string;
  resource: string;
  /** Absent for cluster-scoped resources, and for lists over all namespaces. */
  namespace?: string;
  name?: string;
}

/** An answer other than success; `status()` is the body that goes over the wire. */
export class RefusedRequest extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: Record<string, unknown> | undefined;

  constructor(code: number, reason: string, message: string, details?: Record<string, unknown>) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  status(): Record<string, unknown> {
    const { code, reason, message, details } = this;
    const head = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' };
    return { ...head, message, reason, ...(details ? { details } : {}), code };
  }
}

const reasons: Record<number, string> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  410: 'Expired',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

export function apiError(code: number, message = reasons[code] ?? 'unknown'): RefusedRequest {
  return new RefusedRequest(code, reasons[code] ?? 'Unknown', message);
}

/** An error about one object, worded and detailed as the API does: `rolebindings.rbac.authorization.k8s.io "x" ...`. */
export function objectError(
  code: number,
  target: ApiPath,
  sentence: string,
  reason = reasons[code] ?? 'Unknown',
) {
  const resource = target.group ? `${target.resource}.${target.group}` : target.resource;
  const text = code === 409 && reason === 'Conflict' ? conflict(resource, target, sentence) : '';
  const message = text || `${resource} "${target.name ?? ''}" ${sentence}`;
  const group = target.group ? { group: target.group } : {};
  return new RefusedRequest(code, reason, message, {
    name: target.name ?? '',
    ...group,
    kind: target.resource,
  });
}

function conflict(resource: string, target: ApiPath, sentence: string): string {
  return `Operation cannot be fulfilled on ${resource} "${target.name ?? ''}": ${sentence}`;
}

/** Resources whose kind is not the capitalised singular of the resource name. */
const kinds: Record<string, string> = {
  endpoints: 'Endpoints',
  endpointslices: 'EndpointSlice',
  serviceaccounts: 'ServiceAccount',
  rolebindings: 'RoleBinding',
  clusterroles: 'ClusterRole',
  clusterrolebindings: 'ClusterRoleBinding',
  configmaps: 'ConfigMap',
  statefulsets: 'StatefulSet',
  mutatingwebhookconfigurations: 'MutatingWebhookConfiguration',
  validatingwebhookconfigurations: 'ValidatingWebhookConfiguration',
};

export function kindOf(target: ApiPath): string {
  const { resource } = target;
  return kinds[resource] ?? resource[0]?.toUpperCase() + resource.slice(1).replace(/s$/, '');
}

export function apiVersionOf(target: ApiPath): string {
  return target.group ? `${target.group}/${target.version}` : target.version;
}

/** Understands `/api/v1/...` and `/apis/GROUP/VERSION/...`; undefined for every other path, and for subresources. */
export function parsePath(path: string): ApiPath | undefined {
  const parts = path.split('/').filter(Boolean).map(decodeURIComponent);
  const root = parts.shift();
  if (root !== 'api' && root !== 'apis') return undefined;
  const group = root === 'api' ? '' : (parts.shift() ?? '');
  const version = parts.shift();
  // `namespaces/NAME` alone is the Namespace object; anything after it lives inside that namespace.
  const namespace = parts[0] === 'namespaces' && parts.length > 2 ? parts.splice(0, 2)[1] : undefined;
  const [resource, name, ...subresource] = parts;
  if (!version || !resource || subresource.length > 0) return undefined;
  return { group, version, resource, ...(namespace ? { namespace } : {}), ...(name ? { name } : {}) };
}

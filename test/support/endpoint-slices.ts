/**
 * EndpointSlices as the endpoint slice controller writes them.
 */
import type { ApiObject } from '../../src/testing/api/objects.ts';

export interface PodEndpoint {
  name: string;
  ip: string | string[];
  uid: string;
  namespace?: string;
  /** Each condition may be left out, as old controllers and hand-made slices do, with `null`. */
  ready?: boolean | null;
  serving?: boolean | null;
  terminating?: boolean | null;
  node?: string;
  zone?: string;
  /** Default: the pod's name, as for a StatefulSet with its governing service; null for none. */
  hostname?: string | null;
}

export interface Endpoint {
  addresses: string[];
  conditions: Record<string, boolean>;
  hostname?: string;
  targetRef?: { kind: string; namespace?: string; name: string; uid?: string };
  nodeName?: string;
  zone?: string;
  [field: string]: unknown;
}

export interface SlicePort {
  name: string;
  port: number;
  protocol?: string;
  appProtocol?: string;
}

export interface SliceOptions {
  namespace: string;
  service: string;
  name?: string;
  addressType?: 'IPv4' | 'IPv6' | 'FQDN';
  endpoints: Endpoint[];
  ports?: SlicePort[];
}

export const slicePath = (namespace: string, name?: string): string =>
  `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices${name ? `/${name}` : ''}`;

/** A slice of the service; pods get the slice's namespace where they name none. */
export function endpointSlice(options: SliceOptions): ApiObject {
  const { namespace, service, name = `${service}-x7k2p`, addressType = 'IPv4', endpoints, ports } = options;
  return {
    kind: 'EndpointSlice',
    apiVersion: 'discovery.k8s.io/v1',
    metadata: {
      name,
      namespace,
      generateName: `${service}-`,
      labels: {
        'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        'kubernetes.io/service-name': service,
        'service.kubernetes.io/headless': '',
      },
      annotations: { 'endpoints.kubernetes.io/last-change-trigger-time': '2026-08-01T12:00:00Z' },
    },
    addressType,
    endpoints: endpoints.map((endpoint) => inNamespace(endpoint, namespace)),
    ports: (ports ?? [{ name: 'peer', port: 7000 }]).map((port) => ({ protocol: 'TCP', ...port })),
  };
}

function inNamespace(endpoint: Endpoint, namespace: string): Endpoint {
  const { targetRef } = endpoint;
  return targetRef ? { ...endpoint, targetRef: { namespace, ...targetRef } } : endpoint;
}

/** An endpoint backed by a pod. A terminating pod is not ready, and a pod that is not ready does not serve. */
export function podEndpoint(pod: PodEndpoint): Endpoint {
  const terminating = pod.terminating ?? false;
  const ready = pod.ready ?? !terminating;
  const conditions = {
    ...(pod.ready === null ? {} : { ready }),
    ...(pod.serving === null ? {} : { serving: pod.serving ?? (ready || terminating) }),
    ...(pod.terminating === null ? {} : { terminating }),
  };
  const hostname = pod.hostname === undefined ? pod.name : pod.hostname;
  return {
    addresses: [pod.ip].flat(),
    conditions,
    ...(hostname === null ? {} : { hostname }),
    nodeName: pod.node ?? 'node-a',
    targetRef: {
      kind: 'Pod',
      ...(pod.namespace ? { namespace: pod.namespace } : {}),
      name: pod.name,
      uid: pod.uid,
    },
    zone: pod.zone ?? 'zone-a',
  };
}

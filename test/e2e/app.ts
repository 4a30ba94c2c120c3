/** The application of the end-to-end tests: it prints every line of its membership stream. */

import { readStream, type StreamReader } from '../support/stream.ts';
import { kubectl } from './kubernetes.ts';

const IMAGE = process.env.APP_IMAGE || 'node:24-bookworm-slim';

/** A connection that closes is a fault: the exit code shows it as a restart of the container. */
export const STREAMS = `
process.on('SIGTERM', () => process.exit(0));
require('node:net').connect(process.argv[1]).on('close', () => process.exit(1)).pipe(process.stdout);
`;

export type Annotations = Record<string, string>;

export const SERVICE = 'app';
export const INJECT: Annotations = { 'rollcall.dev/inject': 'true', 'rollcall.dev/service': SERVICE };
export const RESTRICTED = { 'pod-security.kubernetes.io/enforce': 'restricted' };

export const LABELS = { app: SERVICE };

/** The time that a pod has to end. */
export const GRACE_SECONDS = 5;

/** Returns the spec of a pod that the restricted pod security standard accepts. */
export const podSpec = (command: string[], more: object = {}) => ({
  securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
  terminationGracePeriodSeconds: GRACE_SECONDS,
  containers: [
    {
      name: 'app',
      image: IMAGE,
      command,
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    },
  ],
  ...more,
});

/** The application in Node; its arguments begin with the socket. */
export const nodeApp = (script: string, folder = '/run/rollcall') => [
  'node',
  '--eval',
  script,
  `${folder}/members.sock`,
];

export const READS_STREAM = nodeApp(STREAMS);

export const headlessService = (namespace: string) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: SERVICE, namespace },
  spec: { clusterIP: 'None', selector: LABELS, ports: [{ name: 'peers', port: 7000 }] },
});

export const statefulSet = (namespace: string, replicas: number, annotations = INJECT) => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: SERVICE, namespace },
  spec: {
    replicas,
    serviceName: SERVICE,
    podManagementPolicy: 'Parallel',
    selector: { matchLabels: LABELS },
    template: { metadata: { labels: LABELS, annotations }, spec: podSpec(READS_STREAM) },
  },
});

/** A member of the service that reads its stream. */
export const streamingPod = (namespace: string, name: string, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, labels: LABELS, annotations: INJECT },
  spec: podSpec(READS_STREAM, more),
});

/** A pod that idles and is no member of any service; injected or not as its annotations say. */
export const idlePod = (namespace: string, name: string, annotations: Annotations = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, annotations },
  spec: podSpec(['sleep', '3600']),
});

/** All that an application read since it started, checked against the protocol. */
export async function streamOf(namespace: string, pod: string): Promise<StreamReader> {
  const text = await kubectl('logs', pod, `--namespace=${namespace}`, '--container=app');
  // The last line may still be on its way.
  return readStream(text.slice(0, text.lastIndexOf('\n') + 1));
}

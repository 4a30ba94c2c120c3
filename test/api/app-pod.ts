/** One minimal pod of an application that the restricted pod security standard accepts. */

export interface Volume {
  name: string;
  emptyDir?: { medium?: string };
  [source: string]: unknown;
}

export interface Container {
  name: string;
  image: string;
  restartPolicy?: string;
  volumeMounts?: { name: string; mountPath: string; readOnly?: boolean }[];
  [field: string]: unknown;
}

export interface Pod {
  apiVersion: 'v1';
  kind: 'Pod';
  metadata: {
    name?: string;
    generateName?: string;
    namespace?: string;
    annotations?: Record<string, string>;
    [field: string]: unknown;
  };
  spec: {
    serviceAccountName?: string;
    automountServiceAccountToken?: boolean;
    initContainers?: Container[];
    containers: Container[];
    volumes?: Volume[];
    [field: string]: unknown;
  };
}

/** The annotations that ask for the sidecar. */
export const INJECT = { 'rollcall.dev/inject': 'true', 'rollcall.dev/service': 'app' };
export const OPT_OUT = { 'rollcall.dev/inject': 'false' };

export function appPod(
  name: { name: string } | { generateName: string },
  annotations: Record<string, string> = {},
  spec: Partial<Pod['spec']> = {},
): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...name, annotations },
    spec: {
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'app',
          image: 'app:1',
          command: ['app'],
          env: [{ name: 'MODE', value: 'test' }],
          ports: [{ name: 'peers', containerPort: 7000, protocol: 'TCP' }],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
      ...spec,
    },
  };
}

/** The volumes by which the ServiceAccount admission plugin gives a pod its API token. */
export const tokenVolumes = (pod: Pod): Volume[] =>
  (pod.spec.volumes ?? []).filter(({ name }) => name.startsWith('kube-api-access-'));

export const isInjected = (pod: Pod): boolean =>
  (pod.spec.initContainers ?? []).some(({ name }) => name === 'rollcall');

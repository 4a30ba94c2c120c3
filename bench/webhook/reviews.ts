/** The admission reviews that the webhooks are asked: as an API server sends them, by size and outcome. */
import type { Container, Pod } from '../../src/inject/pod.ts';
import { admissionReview } from '../../src/testing/admission-review.ts';

/** The review as posted, in thousands of bytes. */
export const SIZES = [2, 6, 100] as const;
export type Size = (typeof SIZES)[number];

/** `injected` is a pod that was injected already and is seen again. */
export const OUTCOMES = ['injecting', 'injected', 'skipped'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export const NAMESPACE = 'bench';
/** The generator writes another into each review. */
const UID = '00000000-0000-4000-8000-000000000000';
const TOKEN_MOUNT = {
  name: 'kube-api-access-x7k2p',
  mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
  readOnly: true,
};

/** A pod of a StatefulSet that asks for the sidecar, whose review has about `size` thousand bytes. */
export function askingPod(size: Size): Pod {
  const made = statefulPod({ 2: 1, 6: 2, 100: 8 }[size]);
  if (size > 2) made.metadata!.annotations!['checksum/config'] = 'a94a8fe5ccb19ba61c4c0873d391e987982fbbd3';
  for (let index = 0; JSON.stringify(reviewOf(made)).length < size * 1000 - 150; index += 1) {
    setVariable(made, index);
  }
  return made;
}

/** Returns the same pod without an annotation about the sidecar. */
export function silentPod(size: Size): Pod {
  const pod = askingPod(size);
  delete pod.metadata!.annotations!['rollcall.dev/inject'];
  return pod;
}

export function reviewOf(pod: Pod): object {
  const review = admissionReview(pod, { namespace: NAMESPACE });
  const userInfo = {
    username: 'system:serviceaccount:kube-system:statefulset-controller',
    uid: 'f1c7a2d4-0f5a-4a83-9b6e-0d6f3c1b2a45',
    groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
  };
  return { ...review, request: { ...review.request, uid: UID, userInfo } };
}

function statefulPod(containers: number): Pod {
  const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', controller: true };
  const metadata = {
    name: 'db-0',
    namespace: NAMESPACE,
    labels: { app: 'db', 'statefulset.kubernetes.io/pod-name': 'db-0' },
    annotations: { 'rollcall.dev/inject': 'true' },
    ownerReferences: [{ ...owner, uid: '0c1d2e3f-0000-4000-8000-000000000001', blockOwnerDeletion: true }],
  };
  const spec = {
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data-db-0' } }],
    containers: Array.from({ length: containers }, (_, index) => container(index)),
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    serviceAccountName: 'default',
    serviceAccount: 'default',
    securityContext: {},
    schedulerName: 'default-scheduler',
    priority: 0,
    enableServiceLinks: true,
    preemptionPolicy: 'PreemptLowerPriority',
    subdomain: 'db',
    hostname: 'db-0',
  };
  const pod = { kind: 'Pod', apiVersion: 'v1', metadata, spec };
  // The smallest pods have an account without a token, and one container.
  if (containers > 1) addTokenAndFields(pod as unknown as Pod);
  return pod as unknown as Pod;
}

function container(index: number): Container {
  const made = {
    name: index === 0 ? 'app' : `helper-${index}`,
    image: `registry.example/team/app-${index}:1.27.3`,
    ports: [{ name: `sql-${index}`, containerPort: 5432 + index, protocol: 'TCP' }],
    resources: { requests: { cpu: '250m', memory: '512Mi' }, limits: { memory: '1Gi' } },
    volumeMounts: [{ name: 'data', mountPath: '/var/lib/db' }],
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: 'IfNotPresent',
  };
  return made as unknown as Container;
}

/** Adds what the API server and the ServiceAccount plugin have added by the time that a webhook is asked. */
function addTokenAndFields(pod: Pod): void {
  const item = (path: string) => ({ path, fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } });
  const sources = [
    { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    { downwardAPI: { items: [item('namespace')] } },
  ];
  pod.spec.volumes!.push({ name: TOKEN_MOUNT.name, projected: { defaultMode: 420, sources } } as never);
  const probe = {
    httpGet: { path: '/ready', port: 8080, scheme: 'HTTP' },
    timeoutSeconds: 1,
    periodSeconds: 10,
  };
  const toleration = { operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 };
  for (const one of pod.spec.containers) {
    one.volumeMounts!.push(TOKEN_MOUNT);
    Object.assign(one, { readinessProbe: { ...probe, successThreshold: 1, failureThreshold: 3 } });
  }
  const fields = { 'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } }, 'f:spec': { 'f:containers': {} } };
  const time = '2026-11-02T10:00:00Z';
  Object.assign(pod.metadata!, {
    generateName: 'db-',
    managedFields: [
      {
        manager: 'kube-controller-manager',
        operation: 'Update',
        apiVersion: 'v1',
        time,
        fieldsType: 'FieldsV1',
        fieldsV1: fields,
      },
    ],
  });
  Object.assign(pod.spec, {
    tolerations: ['not-ready', 'unreachable'].map((name) => ({
      key: `node.kubernetes.io/${name}`,
      ...toleration,
    })),
  });
}

/** A variable of one of the containers, with the managed field that the API server keeps for it. */
function setVariable(pod: Pod, index: number): void {
  const name = `SETTING_${index}`;
  const one = pod.spec.containers[index % pod.spec.containers.length]! as Container & { env?: object[] };
  one.env ??= [];
  one.env.push({ name, value: `https://backend-${index}.bench.svc.cluster.local:8443/v1/settings` });
  const { managedFields: [managed] = [] } = pod.metadata as unknown as { managedFields?: ManagedFields[] };
  if (managed === undefined) return;
  const containers = managed.fieldsV1['f:spec']['f:containers'];
  const key = `k:{"name":"${one.name}"}`;
  containers[key] ??= { 'f:env': {} };
  containers[key]['f:env'][`k:{"name":"${name}"}`] = { '.': {}, 'f:name': {}, 'f:value': {} };
}

interface ManagedFields {
  fieldsV1: { 'f:spec': { 'f:containers': Record<string, { 'f:env': Record<string, object> }> } };
}

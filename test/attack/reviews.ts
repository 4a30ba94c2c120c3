/** What is posted to the webhook: pods as plain JSON, so that nothing of ours corrects them on the way. */

// biome-ignore lint/suspicious/noExplicitAny: attackers set any place to any value
export type Json = any;

/** The namespaces that the API double has. `open` is opted in by its label. */
export const NAMESPACES = { demo: {}, open: { 'rollcall.dev/injection': 'enabled' } };

export const UID = '705ab4f5-6393-11e8-b7cc-42010a800002';

export function review(object: Json, request: Json = {}): Json {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: UID,
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      operation: 'CREATE',
      namespace: 'demo',
      name: 'db-0',
      dryRun: false,
      userInfo: { username: 'admin', groups: ['system:masters'] },
      options: { apiVersion: 'meta.k8s.io/v1', kind: 'CreateOptions' },
      oldObject: null,
      object,
      ...request,
    },
  };
}

/** The smallest pod that is injected. */
export function askingPod(annotations: Record<string, string> = {}, spec: Json = {}): Json {
  const asks = { 'rollcall.dev/inject': 'true', 'rollcall.dev/service': 'db' };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'db-0', annotations: { ...asks, ...annotations } },
    spec: {
      serviceAccountName: 'default',
      containers: [{ name: 'app', image: 'registry.example/app:1' }],
      ...spec,
    },
  };
}

/** Its namespace asks and nothing says which group, so that it is skipped and its owner is told why. */
export function skippedReview(ownerReferences: Json = [owner()]): Json {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { generateName: 'db-', ownerReferences },
    spec: { containers: [{ name: 'app', image: 'registry.example/app:1' }] },
  };
  return review(pod, { namespace: 'open' });
}

export function owner(): Json {
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    name: 'db-5d4f8',
    uid: 'd9607e19-f88f-11e6-a518-42010a800195',
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** Every place that the decision, the plan or the patch may read is there. */
export function richPod(): Json {
  const pod = askingPod({
    'rollcall.dev/wait-for': '3',
    'rollcall.dev/file.cluster.conf': '{hostname}:8848',
    'rollcall.dev/containers': 'app',
    'rollcall.dev/cpu-request': '20m',
    'rollcall.dev/notify': 'http://127.0.0.1:8080/peers',
  });
  Object.assign(pod.metadata, { labels: { app: 'db' }, ownerReferences: [owner()], managedFields: [] });
  Object.assign(pod.spec, {
    volumes: [
      { name: 'data', emptyDir: { medium: 'Memory', sizeLimit: '10Mi' } },
      {
        name: 'kube-api-access-x7k2p',
        projected: {
          defaultMode: 420,
          sources: [{ serviceAccountToken: { expirationSeconds: 3607, path: 'token' } }],
        },
      },
    ],
    initContainers: [
      { name: 'init', image: 'registry.example/init:1', restartPolicy: 'Always', args: ['x'] },
    ],
    containers: [
      {
        name: 'app',
        image: 'registry.example/app:1',
        command: ['/app'],
        args: ['--peers', '$(PEERS)'],
        env: [
          { name: 'PEERS', value: 'none' },
          { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        ],
        envFrom: [{ configMapRef: { name: 'app' } }],
        ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
        resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '1', memory: '128Mi' } },
        volumeMounts: [
          { name: 'data', mountPath: '/data', readOnly: true },
          { name: 'kube-api-access-x7k2p', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
        ],
        securityContext: { runAsUser: 1000, capabilities: { drop: ['ALL'] } },
        startupProbe: { httpGet: { path: '/', port: 8080 } },
      },
    ],
    ephemeralContainers: [],
    serviceAccount: 'default',
    automountServiceAccountToken: true,
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    securityContext: { runAsNonRoot: true, fsGroup: 1000 },
    affinity: { nodeAffinity: {} },
    os: { name: 'linux' },
    resources: { requests: { cpu: '1' } },
    hostNetwork: false,
    shareProcessNamespace: false,
    restartPolicy: 'Always',
    hostname: 'db-0',
    subdomain: 'db',
    imagePullSecrets: [{ name: 'pull' }],
    tolerations: [{ key: 'a', operator: 'Exists' }],
  });
  return pod;
}

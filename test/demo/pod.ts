/**
 * The pod `db-0` as the API server shows it to a webhook: created by the StatefulSet controller, with
 * defaults filled in and the token of its ServiceAccount mounted.
 */
import type { ApiObject } from '../../src/testing/api/objects.ts';

const TOKEN_VOLUME = 'kube-api-access-h8zqv';

/** `inject` is the value of the annotation that asks for the sidecar. */
export function databasePod(inject: string): ApiObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'db-0',
      generateName: 'db-',
      namespace: 'demo',
      labels: {
        app: 'db',
        'apps.kubernetes.io/pod-index': '0',
        'controller-revision-hash': 'db-7d5f9c4b6',
        'statefulset.kubernetes.io/pod-name': 'db-0',
      },
      annotations: { 'rollcall.dev/inject': inject },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'StatefulSet',
          name: 'db',
          uid: '5b0f6f0e-3a43-4a56-9d0c-6a1f3c1f8f11',
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data-db-0' } }, tokenVolume],
      containers: [container],
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      serviceAccountName: 'default',
      serviceAccount: 'default',
      securityContext: {},
      hostname: 'db-0',
      subdomain: 'db',
      schedulerName: 'default-scheduler',
      priority: 0,
      enableServiceLinks: true,
      preemptionPolicy: 'PreemptLowerPriority',
    },
    status: {},
  };
}

const container = {
  name: 'db',
  image: 'registry.example/db:4.2',
  ports: [{ name: 'peer', containerPort: 7000, protocol: 'TCP' }],
  resources: {},
  volumeMounts: [
    { name: 'data', mountPath: '/var/lib/db' },
    { name: TOKEN_VOLUME, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
  ],
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
  imagePullPolicy: 'IfNotPresent',
};

const tokenVolume = {
  name: TOKEN_VOLUME,
  projected: {
    sources: [
      { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      {
        downwardAPI: {
          items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
        },
      },
    ],
    defaultMode: 420,
  },
};

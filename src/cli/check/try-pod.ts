import { tryPod } from '../cluster/tried-pod.ts';
import type { Finding, Place } from './finding.ts';

/** A pod that asks for the sidecar and keeps to the strictest standard. */
const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    generateName: 'rollcall-check-',
    annotations: { 'rollcall.dev/inject': 'true', 'rollcall.dev/service': 'rollcall-check' },
  },
  spec: {
    securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'app',
        image: 'rollcall-check',
        // A ResourceQuota on cpu or memory requires them.
        resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { cpu: '10m', memory: '16Mi' } },
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
  },
};

/** Proves the whole way: the API server asks the webhook about a pod, and nothing is created. */
export async function tryCheckPod({ cluster, namespace, system }: Place): Promise<Finding> {
  const { outcome, reason } = await tryPod(cluster, namespace, POD);
  switch (outcome) {
    case 'with-sidecar':
      return { status: 'ok', message: `a pod that asks in ${namespace} gets the sidecar` };
    case 'without-sidecar':
      return {
        status: 'fail',
        message: `a pod that asks in ${namespace} does not get the sidecar`,
        hint: 'rollcall explain -f POD.yaml --context CONTEXT says which rule decides',
      };
    case 'forbidden':
      return {
        status: 'warn',
        message: `you may not create pods in ${namespace}, so none was tried`,
        hint: 'give --namespace with one where you may',
      };
    case 'refused':
      return {
        status: 'fail',
        message: `a pod that asks in ${namespace} can't be created: ${reason}`,
        hint: `kubectl -n ${system} logs deployment/rollcall`,
      };
  }
}

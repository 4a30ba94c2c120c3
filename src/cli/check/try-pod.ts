import { refusal } from '../cluster.ts';
import { hasSidecar } from '../workloads.ts';
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
        // A quota on cpu or memory wants them named.
        resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { cpu: '10m', memory: '16Mi' } },
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
  },
};

/** The proof of it all: the API server asks the webhook. Nothing is created. */
export async function tryPod({ cluster, namespace, system }: Place): Promise<Finding> {
  const reply = await cluster.request('POST', `/api/v1/namespaces/${namespace}/pods?dryRun=All`, POD);
  if (reply.status === 201 && hasSidecar(reply.body)) {
    return { status: 'ok', message: `a pod that asks in ${namespace} gets the sidecar` };
  }
  if (reply.status === 201) {
    const hint = 'rollcall explain -f POD.yaml --context CONTEXT says which rule decides';
    return { status: 'fail', message: `a pod that asks in ${namespace} does not get the sidecar`, hint };
  }
  if (reply.status === 403 && refusal(reply).includes('cannot create resource "pods"')) {
    const hint = 'give --namespace with one where you may';
    return { status: 'warn', message: `you may not create pods in ${namespace}, so none was tried`, hint };
  }
  const message = `a pod that asks in ${namespace} can't be created: ${refusal(reply)}`;
  return { status: 'fail', message, hint: `kubectl -n ${system} logs deployment/rollcall` };
}

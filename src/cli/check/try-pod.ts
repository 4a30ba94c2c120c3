import type { CallFailure } from '../cluster/call-failure.ts';
import { type TriedPod, tryPod } from '../cluster/tried-pod.ts';
import type { Fields } from '../document/value.ts';
import type { CheckCode } from './codes.ts';
import { type CheckContext, type Finding, fail, ok, warn } from './finding.ts';
import { INSTALL } from './installation.ts';
import { ASKS, namespaceToTry } from './namespace-to-try.ts';

/** The security context that the strictest pod security standard requires of a container. */
const RESTRICTED = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
const IMAGE = 'rollcall-check';
// A ResourceQuota on cpu or memory requires them.
const RESOURCES = {
  requests: { cpu: '10m', memory: '16Mi' },
  limits: { cpu: '10m', memory: '16Mi' },
};

/** Returns a pod that keeps to the strictest pod security standard. `more` adds what a check wants to try. */
export function checkPod(
  more: { initContainer?: Fields; resources?: Fields } = {},
  annotations = {},
): Fields {
  const securityContext = {
    runAsNonRoot: true,
    runAsUser: 65532,
    seccompProfile: { type: 'RuntimeDefault' },
  };
  const container = { image: IMAGE, resources: RESOURCES, securityContext: RESTRICTED };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { generateName: 'rollcall-check-', annotations },
    spec: {
      securityContext,
      ...(more.resources === undefined ? {} : { resources: more.resources }),
      ...(more.initContainer === undefined
        ? {}
        : { initContainers: [{ ...container, ...more.initContainer }] }),
      containers: [{ name: 'app', ...container }],
    },
  };
}

/** Checks the whole path by a dry run: the API server asks the webhook about a pod, and does not create it. */
export async function tryCheckPod(place: CheckContext): Promise<Finding> {
  const { cluster, system } = place;
  const entries = await place.entries();
  const { namespace, leftOut } = await namespaceToTry(place, entries);
  if (leftOut !== undefined) {
    const hint = 'give --namespace with one in which pods are to get the sidecar';
    return warn('namespace-left-out', `${leftOut}, so no pod was tried`, hint);
  }
  const tried = await tryPod(cluster, namespace, checkPod({}, ASKS));
  switch (tried.outcome) {
    case 'with-sidecar':
      return ok(`a pod that asks in ${namespace} gets the sidecar`);
    case 'without-sidecar':
      if (entries.length === 0)
        return fail('not-installed', `nobody is asked about a pod in ${namespace}`, INSTALL);
      return fail(
        'not-injected',
        `a pod that asks in ${namespace} does not get the sidecar`,
        'rollcall explain -f POD.yaml --context CONTEXT says which rule decides',
      );
    case 'forbidden':
      return warn(
        'not-tried',
        `you may not create pods in ${namespace}, so none was tried`,
        'give --namespace with one where you may',
      );
    case 'refused':
      return refused(tried, namespace, system);
  }
}

/** The code and the hint for each kind of failure to ask the webhook. */
const FAILURES: Readonly<Record<CallFailure, { code: CheckCode; hint(system: string): string }>> = {
  timeout: {
    code: 'call-timeout',
    hint: (system) =>
      `a firewall between control plane and nodes, or a NetworkPolicy in ${system}, keeps the API server from its port`,
  },
  'no-endpoints': {
    code: 'call-no-endpoints',
    hint: (system) => `kubectl -n ${system} get deployments,services,endpointslices`,
  },
  'no-connection': {
    code: 'call-no-connection',
    hint: (system) => `kubectl -n ${system} get pods -l app.kubernetes.io/name=rollcall -o wide`,
  },
  certificate: {
    code: 'call-certificate',
    hint: (system) => `see the log: kubectl -n ${system} logs deployment/rollcall`,
  },
  fault: {
    code: 'call-fault',
    hint: (system) => `see the log: kubectl -n ${system} logs deployment/rollcall`,
  },
};

function refused({ reason, uncalled }: TriedPod, namespace: string, system: string): Finding {
  const message = `a pod that asks in ${namespace} can't be created: ${reason}`;
  if (uncalled === undefined)
    return fail('pod-refused', message, `kubectl -n ${system} logs deployment/rollcall`);
  if (!uncalled.webhook.endsWith('.rollcall.dev'))
    return fail('pod-refused', message, `ask whoever runs the webhook ${uncalled.webhook}`);
  const { code, hint } = FAILURES[uncalled.failure];
  return fail(code, message, hint(system));
}

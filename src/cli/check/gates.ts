import { tryPod } from '../cluster/tried-pod.ts';
import { at } from '../document/value.ts';
import { DEFAULT_NAMESPACE } from '../workloads.ts';
import { type CheckContext, type Finding, fail, ok, warn } from './finding.ts';
import { checkPod } from './try-pod.ts';

/**
 * Checks that the API server keeps all fields of an injected pod. It drops a field whose feature gate is off and says
 * nothing, so the check tries a pod and looks at the result. The pod has the fields itself, since nothing injects it
 * before an installation.
 */
export async function gates({ cluster, namespace = DEFAULT_NAMESPACE }: CheckContext): Promise<Finding> {
  const policies = await cluster.get({ kind: 'ValidatingAdmissionPolicy' });
  if (policies.status === 404)
    return fail(
      'no-policies',
      'the API server has no ValidatingAdmissionPolicy in v1',
      'they are stable from 1.30',
    );
  const pod = checkPod({
    initContainer: { name: 'sidecar', restartPolicy: 'Always' },
    resources: { limits: { cpu: '100m', memory: '64Mi' } },
  });
  const tried = await tryPod(cluster, namespace, pod);
  if (tried.pod === undefined)
    return warn(
      'not-tried',
      `no pod could be tried in ${namespace} (${tried.reason})`,
      'give --namespace with one where you may create pods',
    );
  const native = at(tried.pod, ['spec', 'initContainers', 0, 'restartPolicy']) === 'Always';
  if (!native)
    return warn(
      'no-native-sidecars',
      'the API server drops restartPolicy of init containers: the gate SidecarContainers is off',
      'the sidecar runs as an ordinary container then; applications may start before it',
    );
  const kept = at(tried.pod, ['spec', 'resources', 'limits']) !== undefined;
  return ok(`native sidecars are there; resources of a pod as a whole are ${kept ? 'kept' : 'dropped'}`);
}

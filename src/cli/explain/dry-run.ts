import type { Pod } from '../../inject/pod.ts';
import { uninject } from '../../inject/uninject.ts';
import { type Cluster, refusal } from '../cluster.ts';
import { applyOperations } from '../document/operations.ts';
import { type Fields, isFields, type Value } from '../document/value.ts';
import { hasSidecar } from '../workloads.ts';
import type { Rule } from './explanation.ts';

/** Asks the API server to go all the way to creating the pod, and then not to. */
export async function dryRun(
  cluster: Cluster,
  pod: Pod,
  namespace: string,
): Promise<{ rule: Rule; warnings: string[] }> {
  const reply = await cluster.request('POST', `/api/v1/namespaces/${namespace}/pods?dryRun=All`, fresh(pod));
  const { answer, why } = outcome(reply.status, hasSidecar(reply.body), refusal(reply));
  const said = reply.warnings.filter((warning) => warning.startsWith('rollcall: '));
  return {
    rule: { rule: 'dry-run', answer, why },
    // That the account stays is true of the dry run only.
    warnings: said
      .map((warning) => warning.slice('rollcall: '.length))
      .filter((one) => !one.startsWith('on a dry run')),
  };
}

function outcome(status: number, injected: boolean, reason: string): Pick<Rule, 'answer' | 'why'> {
  if (status === 201) {
    return injected
      ? { answer: 'yes', why: 'a copy that is created now would have the sidecar' }
      : { answer: 'no', why: 'a copy that is created now would not have the sidecar' };
  }
  if (status === 403 && reason.includes('cannot create resource "pods"')) {
    return { answer: 'unknown', why: 'you may not create pods there, so it was not tried' };
  }
  return { answer: 'no', why: `a copy can't be created now: ${reason}` };
}

/** As it was before it was created: without the sidecar, its node, and what the API server added. */
function fresh(pod: Pod): Fields {
  const { metadata, spec } = applyOperations(pod as unknown as Value, uninject(pod)) as {
    metadata?: Fields;
    spec: Fields;
  };
  const { labels, annotations, name, generateName } = metadata ?? {};
  const { nodeName: _, ephemeralContainers: __, volumes, ...rest } = spec;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${String(generateName ?? name ?? 'rollcall').slice(0, 50)}-explain-`,
      ...(isFields(labels) ? { labels } : {}),
      ...(isFields(annotations) ? { annotations } : {}),
    },
    spec: { ...rest, ...(Array.isArray(volumes) ? { volumes } : {}) },
  };
}

import type { Fields } from '../document/value.ts';
import { hasSidecar } from '../workloads.ts';
import { type CallFailure, callFailure } from './call-failure.ts';
import type { Cluster } from './cluster.ts';
import { refusal } from './request.ts';

/** The outcome of a dry run that created a pod. */
export interface TriedPod {
  /** `forbidden`: the user may not create pods. `refused`: for every other reason. */
  outcome: 'with-sidecar' | 'without-sidecar' | 'forbidden' | 'refused';
  /** The answer of the API server to a pod that it did not take. */
  reason: string;
  /** The webhook that the API server could not ask, where that is the reason. */
  uncalled?: { webhook: string; failure: CallFailure };
  /** The pod as it would have been created. */
  pod?: Fields;
  warnings: string[];
}

/** Tries to create a pod by a dry run: the API server asks all webhooks, and then does not create it. */
export async function tryPod(cluster: Cluster, namespace: string, pod: Fields): Promise<TriedPod> {
  const reply = await cluster.dryRun({ kind: 'Pod', namespace }, pod);
  const { status, body, warnings } = reply;
  if (status === 201) {
    return {
      outcome: hasSidecar(body) ? 'with-sidecar' : 'without-sidecar',
      reason: '',
      warnings,
      pod: body,
    };
  }
  const reason = refusal(reply);
  // Admission answers 403, too: only the sentence tells that the user has no right.
  // biome-ignore lint/plugin: the API server has no field for it.
  const forbidden = status === 403 && reason.includes('cannot create resource "pods"');
  const uncalled = callFailure(reason);
  return {
    outcome: forbidden ? 'forbidden' : 'refused',
    reason,
    warnings,
    ...(uncalled === undefined ? {} : { uncalled }),
  };
}

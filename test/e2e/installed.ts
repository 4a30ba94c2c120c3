/** The installation while it runs, and the calls and pods that are lost while it changes. */

import assert from 'node:assert/strict';
import { RECOVERY_MS } from '../support/deadlines.ts';
import { eventually } from '../support/eventually.ts';
import { metricSum } from '../support/metrics.ts';
import { idlePod } from './app.ts';
import { get, kubectl, namespace, SYSTEM_NAMESPACE } from './kubernetes.ts';
import { type Lost, PodStream, told } from './pod-stream.ts';

export const IN_SYSTEM = `--namespace=${SYSTEM_NAMESPACE}`;
/** The patience for a termination of 30 s. The namespace controller waits for half of it before it looks again. */
export const PATIENT = { timeoutMs: RECOVERY_MS, everyMs: 500 };

/** Returns the uids of the configuration and of the replicas. */
export async function running(): Promise<{ configuration: string; pods: string[] }> {
  const { metadata } = await get('mutatingwebhookconfiguration', 'rollcall');
  const uids = (await replicas()).map((pod) => pod.metadata.uid);
  return { configuration: metadata.uid, pods: uids.sort() };
}

export interface Replica {
  metadata: { name: string; uid: string; deletionTimestamp?: string };
  spec: { nodeName: string };
}

export const replicas = async (): Promise<Replica[]> => (await get('pods', IN_SYSTEM)).items;

/** Returns the failed calls that the API server counts: those that let a pod through, and those that refused one. */
export async function failures(): Promise<number[]> {
  const text = await kubectl('get', '--raw=/metrics');
  return ['fail_open_count', 'rejection_count'].map((name) =>
    metricSum(text, `apiserver_admission_webhook_${name}`, { name: 'pods.rollcall.dev' }),
  );
}

/** A stream of pods that a gate keeps from nodes, in a namespace of its own that goes with it. */
export async function gatedStream(name: string): Promise<{ stream: PodStream; end(): Promise<void> }> {
  await namespace(name);
  const gated = { schedulingGates: [{ name: 'rollcall.dev/e2e' }], terminationGracePeriodSeconds: 0 };
  const pod = idlePod(name, '');
  const stream = new PodStream({ ...pod, spec: { ...pod.spec, ...gated } });
  await stream.start();
  const end = async () => {
    await stream.end();
    // To delete a thousand pods takes a minute, and nobody waits for them.
    await kubectl('delete', 'namespace', name, '--wait=false');
  };
  return { stream, end };
}

/** Asserts that pods were created all the time, each with the sidecar. */
export function assertNothingLost(lost: Lost, during: string): void {
  assert.deepEqual(told(lost), { refused: 0, missed: 0, first: [] }, during);
  assert.ok(lost.perSecond >= 10 && lost.created > 10, `${during}: ${lost.perSecond} a second`);
}

/**
 * Waits until a pod that asks is injected. The API server learns of the webhook and its certificate a moment after the
 * roll-out, and so does the proxy of its node: until then a cluster that had no replica refuses connections.
 */
export async function webhookAnswers(): Promise<void> {
  const args = ['run', 'probe', '--image=probe', '--restart=Never', '--dry-run=server', '--output=json'];
  const asking = ['--annotations=rollcall.dev/inject=true', '--annotations=rollcall.dev/service=probe'];
  await eventually(
    'injection',
    async () => {
      const pod = JSON.parse(await kubectl(...args, ...asking));
      return pod.spec.initContainers?.[0]?.name === 'rollcall';
    },
    PATIENT,
  );
}

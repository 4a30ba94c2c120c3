/** Small changes to a pod that asks, and what comes of them. */
import assert from 'node:assert/strict';
import { keys } from '../../src/inject/annotations.ts';
import type { Pod, Volume, VolumeMount } from '../../src/inject/pod.ts';
import { annotate, askingPod, container, decided, plain, refusal } from './pods.ts';

export type Tweak = (pod: Pod) => void;

export const ORDINARY = { [keys.nativeSidecar.key]: 'false' };

export function refused(
  tweak: Tweak,
  annotations: Record<string, string> = {},
): [code: string, sentence: string] {
  const [, code, sentence] = refusal(decided(askingPod(both(annotate(annotations), tweak)), plain));
  return [code, sentence];
}

export function accepted(tweak: Tweak, annotations: Record<string, string> = {}): void {
  const decision = decided(askingPod(both(annotate(annotations), tweak)), plain);
  assert.equal(decision.kind, 'inject', JSON.stringify(decision));
}

export const both =
  (first: Tweak, second: Tweak): Tweak =>
  (made) => {
    first(made);
    second(made);
  };
export const volume =
  (one: Volume): Tweak =>
  ({ spec }) =>
    spec.volumes!.push(one);
export const mount =
  (...mounts: VolumeMount[]): Tweak =>
  ({ spec }) =>
    spec.containers[0]!.volumeMounts!.push(...mounts);
export const device =
  (devicePath: string): Tweak =>
  ({ spec }) => {
    spec.containers[0]!.volumeDevices = [{ name: 'disk', devicePath }];
  };
export const init =
  (name: string, fields: object = {}): Tweak =>
  ({ spec }) => {
    spec.initContainers = [...(spec.initContainers ?? []), container(name, fields)];
  };

/** Which pods the PodMonitor finds, and at which address: its rules, carried out as Prometheus documents them. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { parse } from 'yaml';

interface Relabeling {
  action?: 'replace' | 'keep' | 'drop' | 'dropequal';
  sourceLabels?: string[];
  targetLabel?: string;
  regex?: string;
  replacement?: string;
}

type Target = Readonly<Record<string, string>>;

const monitor = parse(
  readFileSync(new URL('../../deploy/monitoring/pod-monitor.yaml', import.meta.url), 'utf8'),
) as { spec: { podMetricsEndpoints: { relabelings: Relabeling[] }[] } };
const [{ relabelings }] = monitor.spec.podMetricsEndpoints as [{ relabelings: Relabeling[] }];

/** The labels of a target after one rule; undefined when it is dropped. */
function relabeled(target: Target, rule: Relabeling): Target | undefined {
  const { action = 'replace', sourceLabels = [], targetLabel = '', regex = '.*', replacement = '$1' } = rule;
  const value = sourceLabels.map((label) => target[label] ?? '').join(';');
  // Prometheus matches the whole value.
  const match = new RegExp(`^(?:${regex})$`).exec(value);
  switch (action) {
    case 'keep':
      return match === null ? undefined : target;
    case 'drop':
      return match === null ? target : undefined;
    case 'dropequal':
      return value === (target[targetLabel] ?? '') ? undefined : target;
    case 'replace':
      if (match === null) return target;
      return { ...target, [targetLabel]: replacement.replace(/\$(\d)/g, (_, group) => match[group] ?? '') };
  }
}

function found(target: Target): Target | undefined {
  let now: Target | undefined = target;
  for (const rule of relabelings) if (now !== undefined) now = relabeled(now, rule);
  return now;
}

/** A container of an injected pod, as Prometheus' discovery shows it. */
const sidecar: Target = {
  __address__: '10.0.0.7',
  __meta_kubernetes_pod_ip: '10.0.0.7',
  __meta_kubernetes_pod_host_ip: '192.168.0.1',
  __meta_kubernetes_pod_annotationpresent_rollcall_dev_status: 'true',
  __meta_kubernetes_pod_container_name: 'rollcall',
};
const PORT = '__meta_kubernetes_pod_annotation_rollcall_dev_port';

const cases: readonly [what: string, change: Target, address: string | undefined][] = [
  ['an injected pod', {}, '10.0.0.7:17655'],
  ['one that says its port', { [PORT]: '9100' }, '10.0.0.7:9100'],
  ['one with IPv6', { __meta_kubernetes_pod_ip: 'fd00::7' }, '[fd00::7]:17655'],
  ['one with IPv6 and a port', { __meta_kubernetes_pod_ip: 'fd00::7', [PORT]: '9100' }, '[fd00::7]:9100'],
  ['one without a port', { [PORT]: 'off' }, undefined],
  ['one on the network of its node', { __meta_kubernetes_pod_host_ip: '10.0.0.7' }, undefined],
  ['another container of it', { __meta_kubernetes_pod_container_name: 'app' }, undefined],
  ['a pod without it', { __meta_kubernetes_pod_annotationpresent_rollcall_dev_status: '' }, undefined],
];

describe('the PodMonitor', () => {
  for (const [what, change, address] of cases) {
    test(`${address === undefined ? 'leaves out' : 'finds'} ${what}`, () => {
      const target = found({ ...sidecar, ...change });
      assert.equal(target?.__address__, address);
      if (target !== undefined) assert.equal(target.job, 'rollcall-sidecar');
    });
  }
});

/** A run as it is kept in a file. */

import { clusterFigures } from './cluster/figures.ts';
import type { ClusterResult } from './cluster/result.ts';
import type { Facts } from './facts.ts';
import type { Figure } from './figure.ts';
import type { ScaleResult } from './scale/result.ts';
import type { SidecarResult } from './sidecar/result.ts';
import { webhookFigures } from './webhook/figures.ts';
import type { WebhookResult } from './webhook/result.ts';

export interface Run {
  facts: Facts;
  form: 'full' | 'short';
  sidecar?: SidecarResult;
  webhook?: WebhookResult | undefined;
  cluster?: ClusterResult | undefined;
  scale?: ScaleResult | undefined;
}

export function allFigures({ webhook, cluster }: Run): Figure[] {
  return [...(webhook ? webhookFigures(webhook) : []), ...(cluster ? clusterFigures(cluster) : [])];
}

/** The later run, with the parts of the earlier one that it has not measured, where both are about the same. */
export function joined(earlier: Run, later: Run): Run {
  const same = (['commit', 'cpu', 'cores', 'kernel', 'node', 'go'] as const).every(
    (fact) => earlier.facts[fact] === later.facts[fact],
  );
  return same && earlier.form === later.form ? { ...earlier, ...later } : later;
}

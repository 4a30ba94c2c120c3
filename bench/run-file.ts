/** A run as it is kept in a file. */

import { clusterFigures } from './cluster/figures.ts';
import type { ClusterResult } from './cluster/result.ts';
import type { Facts } from './facts.ts';
import type { Figure } from './figure.ts';
import type { SidecarResult } from './sidecar/result.ts';
import { webhookFigures } from './webhook/figures.ts';
import type { WebhookResult } from './webhook/result.ts';

export interface Run {
  facts: Facts;
  form: 'full' | 'short';
  sidecar?: SidecarResult;
  webhook?: WebhookResult | undefined;
  cluster?: ClusterResult | undefined;
}

export function allFigures({ webhook, cluster }: Run): Figure[] {
  return [...(webhook ? webhookFigures(webhook) : []), ...(cluster ? clusterFigures(cluster) : [])];
}

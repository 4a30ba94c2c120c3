/** Values that say who may reach the webhook, how the API server queues it, and who reads its metrics. */

import { added, type Case, POLICY, removed } from './option-case.ts';

export const TRAFFIC_CASES: readonly Case[] = [
  {
    about: 'no network policy',
    set: { networkPolicy: { enabled: false } },
    changes: removed('NetworkPolicy rollcall'),
  },
  {
    about: 'a network policy with the addresses of this cluster',
    set: { networkPolicy: { from: [{ ipBlock: { cidr: '10.0.0.0/24' } }], apiServerPorts: [7443] } },
    changes: {
      [`${POLICY}.ingress.0.from`]: [{ ipBlock: { cidr: '10.0.0.0/24' } }],
      [`${POLICY}.egress.0.ports.0.port`]: 7443,
      ...Object.fromEntries([1, 2, 3].map((index) => [`${POLICY}.egress.0.ports.${index}`, undefined])),
    },
  },
  {
    about: 'no priority levels',
    set: { flowControl: { enabled: false } },
    changes: removed(
      'PriorityLevelConfiguration rollcall-webhook',
      'PriorityLevelConfiguration rollcall-watchers',
      'FlowSchema rollcall-webhook',
      'FlowSchema rollcall-watchers',
    ),
  },
  {
    about: 'metrics for the Prometheus operator',
    set: {
      metrics: { serviceMonitor: { enabled: true, labels: { release: 'prometheus' }, interval: '15s' } },
    },
    changes: added('ServiceMonitor rollcall'),
  },
];

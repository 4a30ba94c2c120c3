import { type ClusterResult, MODES, type Mode, PHASES, type Phase } from '../cluster/result.ts';
import type { Figure } from '../figure.ts';
import { spread } from '../statistics.ts';
import { markdownTable, written } from './markdown.ts';

export function clusterSection({ measured }: ClusterResult, figures: readonly Figure[]): string {
  const row = (phase: Phase, mode: Mode) => {
    const rows = measured.filter((one) => one.phase === phase && one.mode === mode);
    const of = (value: (typeof rows)[number], field: 'podsPerSecond' | 'p50Ms' | 'p99Ms' | 'addedMs') =>
      value[field];
    const cell = (field: 'podsPerSecond' | 'p50Ms' | 'p99Ms' | 'addedMs', digits: number) =>
      written(spread(rows.map((one) => of(one, field))), digits);
    return [MODES[mode], cell('podsPerSecond', 0), cell('p50Ms', 1), cell('p99Ms', 1), cell('addedMs', 2)];
  };
  const head = ['', 'pods a second', 'p50 ms', 'p99 ms', 'added by the webhook, mean ms'];
  const tables = (Object.keys(PHASES) as Phase[]).map(
    (phase) => `${sentence(PHASES[phase])}:

${markdownTable([head, ...(Object.keys(MODES) as Mode[]).map((mode) => row(phase, mode))])}`,
  );
  const asked = figures.filter(({ name }) => name.startsWith('API requests for a pod'));
  return `## Through a real API server

![Creation of a pod through the API server](plots/cluster.svg)

Pods of 6 KB that ask for the sidecar, created through kube-apiserver and etcd on the same machine. What the webhook
adds is the API server's own \`apiserver_admission_webhook_admission_duration_seconds\`.

${tables.join('\n\n')}

Requests that Rollcall's own account made, from the audit log: ${asked.map(({ name, spread: found }) => `${name.replace('API requests for a pod, ', '')}, ${written(found)} for a pod`).join('; ')}.
In a new namespace Rollcall makes the account and the binding of the sidecar; for the Go webhook the bench makes them,
in time that does not count.`;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

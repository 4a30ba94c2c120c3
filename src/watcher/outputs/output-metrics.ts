import type { OutputMetric } from './output.ts';

/** The definition of what outputs count: a metric without its number. */
type OutputDefinition = Omit<OutputMetric, 'read'>;

/** All metrics that outputs have. They stand here once; src/metric-table.ts has them among those of the sidecar. */
export const OUTPUT_METRICS = {
  expectedFailures: {
    name: 'rollcall_expected_failures_total',
    type: 'counter',
    help: 'Questions for the number of expected members that were not answered with it.',
  },
  gateOpen: {
    name: 'rollcall_gate_open',
    type: 'gauge',
    help: '1 once the application may start, as far as it depends on the group.',
  },
  gateWanted: {
    name: 'rollcall_gate_wanted',
    type: 'gauge',
    help: 'Members that the application waits for; absent while nobody says how many are to be there.',
  },
  gateHave: {
    name: 'rollcall_gate_have',
    type: 'gauge',
    help: 'Members that count for what the application waits for.',
  },
  socketClients: { name: 'rollcall_socket_clients', type: 'gauge', help: 'Connected clients.' },
  socketRefused: {
    name: 'rollcall_socket_refused_total',
    type: 'counter',
    help: 'Clients refused at the cap.',
  },
  socketResynced: {
    name: 'rollcall_socket_resynced_total',
    type: 'counter',
    help: 'Snapshots for clients that fell behind.',
  },
  fileFailures: {
    name: 'rollcall_file_failures_total',
    type: 'counter',
    help: 'Writes of files that failed.',
  },
  notifySent: { name: 'rollcall_notify_sent_total', type: 'counter', help: 'Snapshots sent.' },
  notifyFailures: {
    name: 'rollcall_notify_failures_total',
    type: 'counter',
    help: 'Snapshots not sent.',
  },
  notifyTooLarge: {
    name: 'rollcall_notify_too_large_total',
    type: 'counter',
    help: 'Snapshots over a datagram.',
  },
  hookRuns: { name: 'rollcall_hook_runs_total', type: 'counter', help: 'Hooks that were run.' },
  hookFailures: { name: 'rollcall_hook_failures_total', type: 'counter', help: 'Hooks that failed.' },
  hookTimeouts: {
    name: 'rollcall_hook_timeouts_total',
    type: 'counter',
    help: 'Hooks that took too long.',
  },
} as const satisfies Readonly<Record<string, OutputDefinition>>;

import { PROCESS_METRICS } from './metric-table.ts';
import type { Metrics } from './metrics.ts';

/** Adds what each program says about its own process. */
export function processMetrics(metrics: Metrics, version: string): void {
  const started = (Date.now() - process.uptime() * 1000) / 1000;
  metrics.fact(PROCESS_METRICS.buildInfo, { version });
  metrics.read(PROCESS_METRICS.startTime, () => started);
  metrics.read(PROCESS_METRICS.cpu, () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  metrics.read(PROCESS_METRICS.residentMemory, () => process.memoryUsage.rss());
}

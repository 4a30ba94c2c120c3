import type { Facts } from '../facts.ts';
import { markdownTable } from './markdown.ts';

const LABELS: Record<keyof Facts, string> = {
  date: 'measured (UTC)',
  version: 'version of Rollcall',
  commit: 'commit',
  cores: 'cores',
  cpu: 'CPU',
  memoryGB: 'memory, GB',
  kernel: 'kernel',
  node: 'Node',
  go: 'Go',
  pinned: 'the server had a core of its own',
  load: 'processes that wanted a core before the run',
};

/** The machine that a run was on, as a table. */
export function machineTable(facts: Facts): string {
  const rows = Object.entries(facts).map(([name, value]) => [LABELS[name as keyof Facts], `${value}`]);
  return markdownTable([['machine', ''], ...rows]);
}

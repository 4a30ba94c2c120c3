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

/** The machine that a run was on, as a table, without what does not hold for what was measured. */
export function machineTable(facts: Facts, without: readonly (keyof Facts)[] = []): string {
  const names = (Object.keys(facts) as (keyof Facts)[]).filter((name) => !without.includes(name));
  const rows = names.map((name) => [LABELS[name], `${facts[name]}`]);
  return markdownTable([['machine', ''], ...rows]);
}

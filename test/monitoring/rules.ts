import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** The alert rules of deploy/monitoring/rules.yaml, as its tests read them. */
export interface Rule {
  alert: string;
  expr: string;
  for?: string;
  labels: { severity: string };
  annotations: Record<string, string>;
}

interface Groups {
  groups: { name: string; rules: Rule[] }[];
}

export const RULES_FILE = new URL('../../deploy/monitoring/rules.yaml', import.meta.url);

/** Returns the rules as Prometheus itself takes them: the PrometheusRule without its envelope. */
export function ruleGroups(): Groups {
  return (parse(readFileSync(RULES_FILE, 'utf8')) as { spec: Groups }).spec;
}

export function rules(): Rule[] {
  return ruleGroups().groups.flatMap((group) => group.rules);
}

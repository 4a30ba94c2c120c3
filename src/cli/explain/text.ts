import { visible } from '../../visible.ts';
import { titleOf } from '../workloads.ts';
import type { Explanation } from './explanation.ts';

const RESULTS = {
  inject: 'gets the sidecar',
  skip: 'gets no sidecar',
  deny: 'is refused',
  missed: 'gets no sidecar: the webhook is not asked',
} as const;

const LATE = 'has no sidecar; a pod that is created now would get one';

/** Writes an explanation as text for people. */
export function textOf(explanation: Explanation): string {
  const { kind, name, namespace, template, result, rules, settings, account, warnings, advice } = explanation;
  // A pod that is there and has no sidecar gets none any more: only the next one does.
  const late = result === 'inject' && explanation.injected === false;
  const whose = kind === 'pod' ? '' : 'a new pod of ';
  return [
    `${whose}${titleOf({ kind, name, namespace, ...(template === undefined ? {} : { part: template }) })} ${late ? LATE : RESULTS[result]}`,
    ...table(rules.map(({ rule, answer, why }) => [mark(answer), rule, why])),
    ...(account ? [`  account: ${account.name} (${account.choice})`] : []),
    ...(settings.length > 0 ? ['  settings:'] : []),
    ...table(settings.map(({ key, value, from }) => ['  ', key, `${value} (${from})`])),
    ...warnings.map((warning) => `  warning: ${warning}`),
    ...advice.map((sentence) => `  ${sentence}`),
  ]
    .map((line) => `${visible(line.trimEnd())}\n`)
    .join('');
}

function mark(answer: 'yes' | 'no' | 'unknown'): string {
  return answer === 'unknown' ? '?' : answer;
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = [0, 1].map((column) => Math.max(0, ...rows.map((row) => row[column]!.length)));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`);
}

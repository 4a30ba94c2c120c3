/** Reading PromQL, as far as the tests of rules and dashboards need it. */

/** Words that stand where a name of a metric could, and are none. */
const WORDS = new Set(
  'and or unless by without on ignoring group_left group_right offset bool start end inf nan'.split(' '),
);

/**
 * The names of the metrics in an expression: what is left of it without label matchers, ranges, texts, lists of
 * labels, functions and words.
 */
export function metricNamesIn(expression: string): string[] {
  const bare = expression
    .replace(/"(?:[^"\\]|\\.)*"/g, '')
    .replace(/\{[^}]*\}/g, ' ')
    .replace(/\[[^\]]*\]/g, ' ')
    .replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ');
  const names = [...bare.matchAll(/[a-zA-Z_:][\w:]*(?!\s*\(|[\w:])/g)]
    .filter(({ index }) => !/[\d.]/.test(bare[index - 1] ?? ''))
    .map(([name]) => name);
  return [...new Set(names.filter((name) => !WORDS.has(name.toLowerCase())))];
}

/** The labels that an expression matches on, of each metric that has a matcher: `name{label=...}`. */
export function matchersIn(expression: string): [metric: string, labels: string[]][] {
  return [...expression.matchAll(/([a-zA-Z_:][\w:]*)\{([^}]*)\}/g)].map(([, metric, matchers]) => [
    metric!,
    [...matchers!.matchAll(/([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)\s*"/g)].map(([, label]) => label!),
  ]);
}

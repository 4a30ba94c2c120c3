import { own } from '../../inject/pod.ts';
import { type Fields, isFields, type Value } from '../document/value.ts';

type LabelTexts = Readonly<Record<string, string>>;

/** Returns why a label selector does not match; undefined when it does. */
export function mismatch(selector: Value | undefined, labels: LabelTexts): string | undefined {
  if (!isFields(selector)) return undefined;
  const { matchLabels, matchExpressions } = selector;
  for (const [key, value] of Object.entries(isFields(matchLabels) ? matchLabels : {})) {
    if (own(labels, key) !== value) return `it wants ${key}=${value}, ${said(labels, key)}`;
  }
  for (const expression of Array.isArray(matchExpressions) ? (matchExpressions as Fields[]) : []) {
    if (!holds(expression, labels))
      return `it wants ${worded(expression)}, ${said(labels, String(expression.key))}`;
  }
  return undefined;
}

function holds({ key, operator, values }: Fields, labels: LabelTexts): boolean {
  const value = own(labels, String(key));
  const among = value !== undefined && Array.isArray(values) && values.includes(value);
  switch (operator) {
    case 'In':
      return among;
    case 'NotIn':
      return !among;
    case 'Exists':
      return value !== undefined;
    default:
      return value === undefined;
  }
}

function worded({ key, operator, values }: Fields): string {
  const list = Array.isArray(values) ? ` (${values.join(', ')})` : '';
  return operator === 'Exists'
    ? `${key}`
    : operator === 'DoesNotExist'
      ? `no ${key}`
      : `${key} ${operator}${list}`;
}

function said(labels: LabelTexts, key: string): string {
  const value = own(labels, key);
  return value === undefined ? 'and there is none' : `and it is ${key}=${value}`;
}

import { isDnsSubdomain, SUBDOMAIN } from '../membership/grammar.ts';

/** The most labels that members have: each is in every line about a member, for every reader. */
const MOST_KEYS = 16;

/** The name of a label key, behind the prefix that it may have. */
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;

/** The shape of the key of a label; the length of its prefix is bounded by `isLabelKey`. */
export const LABEL_KEY = new RegExp(`^(?:${SUBDOMAIN.source.slice(1, -1)}/)?${NAME.source.slice(1, -1)}$`);

/** Returns whether a text may be the key of a label, such as `role` or `app.kubernetes.io/version`. */
export function isLabelKey(text: string): boolean {
  const slash = text.indexOf('/');
  return NAME.test(text.slice(slash + 1)) && (slash === -1 || isDnsSubdomain(text.slice(0, slash)));
}

/** Reads keys of labels that are separated by commas or spaces. Throws a message that says what to give instead. */
export function parseLabelKeys(text: string): string[] {
  const keys = [...new Set(text.split(/[\s,]+/).filter((key) => key !== ''))];
  if (keys.length === 0) throw new Error('give keys of labels, such as role,app.kubernetes.io/version');
  if (keys.length > MOST_KEYS) throw new Error(`there are ${keys.length} of them; give at most ${MOST_KEYS}`);
  const wrong = keys.find((key) => !isLabelKey(key));
  if (wrong !== undefined)
    throw new Error(
      `"${wrong}" is no key of a label; give keys such as role,app.kubernetes.io/version, without values`,
    );
  return keys;
}

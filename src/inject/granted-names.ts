/** The grammar of `rollcall.dev/grant`: the namespaces whose sidecars may look at the Services of another one. */
import { dnsLabel, isDnsLabel } from '../values.ts';
import { shown } from './shown.ts';

/**
 * The most namespaces that one grant names. Each is four subjects of one RoleBinding, which every replica holds for
 * every namespace that grants.
 */
export const MOST_GRANTED = 100;
/** The longest text that is read: as many names of 63 letters, each with a comma and a space. */
const MOST_CHARACTERS = MOST_GRANTED * 65;
/** The characters between two names. deploy/webhook-policy.yaml has the same. */
const SEPARATORS = /[ \t\r\n,]+/;
/** The most ignored words that are told of one annotation. */
const MOST_TOLD = 10;

/** The content of the annotation `grant` of a namespace. */
export interface Grant {
  /** The namespaces that are named, each once, in the order in which they are written. */
  readonly names: readonly string[];
  /** The first words that can't be the name of a namespace, as a log shows them. */
  readonly ignored: readonly string[];
}

const NOTHING: Grant = Object.freeze({ names: [], ignored: [] });

/**
 * Reads a grant as far as it can be read: one wrong word takes nothing from the others. A text that is too long counts
 * for nothing, since a part of it could end in a name that nobody wrote.
 */
export function grantOf(text: string | undefined): Grant {
  if (text === undefined) return NOTHING;
  if (text.length > MOST_CHARACTERS) return { names: [], ignored: [shown(text)] };
  const words = wordsOf(text);
  const wrong = words.filter((word) => !isDnsLabel(word));
  const names = words.filter(isDnsLabel);
  const ignored = [...wrong, ...names.slice(MOST_GRANTED)];
  return { names: names.slice(0, MOST_GRANTED), ignored: ignored.slice(0, MOST_TOLD).map(shown) };
}

/** Reads a grant of which every word counts. Throws a message that says what to give instead. */
export function grantedNames(text: string): string[] {
  const words = wordsOf(text);
  if (words.length === 0) throw new Error('give names of namespaces, apart by commas');
  if (words.length > MOST_GRANTED || text.length > MOST_CHARACTERS)
    throw new Error(`give at most ${MOST_GRANTED} namespaces, in ${MOST_CHARACTERS} characters`);
  return words.map(dnsLabel);
}

function wordsOf(text: string): string[] {
  return [...new Set(text.split(SEPARATORS).filter((word) => word !== ''))];
}

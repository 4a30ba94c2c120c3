/**
 * The grammar of label selectors as the API server parses them, for values that are told at once what would
 * be answered with 400 for ever: requirements with commas between, such as `app=db,role!=backup`, `!old`,
 * `tier in (a, b)`, `size>3`.
 */
import { within } from './forms.ts';
import { isLabelValue, LABEL_VALUE } from './watcher/membership/grammar.ts';
import { isLabelKey, LABEL_KEY } from './watcher/texts/label-keys.ts';

/** The longest text of a selector: more than anybody writes, and short enough to be parsed within milliseconds. */
const MAX_CHARACTERS = 64 * 1024;

/** The shape of every selector that is taken; lengths and numbers are judged by the parser alone. */
export const SELECTOR = selectorShape();

function selectorShape(): RegExp {
  const space = '[ \\t\\r\\n]';
  const [key, value] = [within(LABEL_KEY), within(LABEL_VALUE)];
  const equality = `(?:==|!=|=)${space}*(?:${value})?`;
  const order = `[<>]${space}*[0-9]+`;
  const [apart, one] = [`(?:${space}|,)*`, `${value}${space}*`];
  const brackets = `\\(${apart}(?:${one}(?:,${apart}${one})*(?:,${apart})?)?\\)`;
  const set = `(?:not)?in${space}*${brackets}`;
  const requirement = `(?:!${space}*${key}|${key}(?:${space}*(?:${equality}|${order})|${space}+${set})?)`;
  const spaced = `${space}*${requirement}${space}*`;
  return new RegExp(`^${spaced}(?:,${spaced})*$`);
}

/** Throws what is wrong. An empty selector is none to us, since it would be all pods of the namespace. */
export function checkLabelSelector(selector: string): void {
  if (selector.length > MAX_CHARACTERS) throw new Error(`it has more than ${MAX_CHARACTERS} characters`);
  const tokens = tokensOf(selector);
  if (tokens.length === 0) throw new Error('it selects nothing');
  new SelectorParser(tokens).all();
}

/** An operator, a bracket, a comma, or a word. `in` and `notin` are words where a key or a value stands. */
const OPERATORS = ['==', '!=', '=', '>', '<'];
const TOKEN = /[ \t\r\n]+|==|!=|[=!(),<>]|[^ \t\r\n=!(),<>]+/g;

function tokensOf(selector: string): string[] {
  // The API server takes a zero byte for the end.
  if (selector.includes('\0')) throw new Error('it has a zero byte');
  return (selector.match(TOKEN) ?? []).filter((token) => !/^[ \t\r\n]/.test(token));
}

class SelectorParser {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  all(): void {
    do {
      this.#requirement();
    } while (this.#skip(','));
    if (this.#at < this.#tokens.length)
      throw new Error(`there is no comma before "${this.#tokens[this.#at]}"`);
  }

  #requirement(): void {
    const isNot = this.#skip('!');
    const key = this.#word('the key of a label');
    checkKey(key);
    const next = this.#tokens[this.#at];
    // A label that is not to be there can have no value, and what follows is judged by who called.
    if (isNot || next === undefined || next === ',') return;
    this.#at += 1;
    if (next === 'in' || next === 'notin') this.#values(key);
    else if (OPERATORS.includes(next)) checkValue(key, next, this.#oneValue());
    else throw new Error(`after ${key} a comma, or one of = == != in notin > < may stand, and not "${next}"`);
  }

  #oneValue(): string {
    const next = this.#tokens[this.#at];
    return next === undefined || next === ',' ? '' : this.#word('a value');
  }

  /** `(a, b)`, where each may be empty. */
  #values(key: string): void {
    if (!this.#skip('(')) throw new Error(`after ${key} in, values stand in brackets, such as (a, b)`);
    while (!this.#skip(')')) {
      if (this.#skip(',')) continue;
      checkValue(key, 'in', this.#word('a value, or )'));
      const next = this.#tokens[this.#at];
      if (next !== ',' && next !== ')')
        throw new Error(`there is no comma, or ), after the values of ${key}`);
    }
  }

  #word(what: string): string {
    const token = this.#tokens[this.#at];
    if (token === undefined || /^[=!(),<>]/.test(token)) {
      throw new Error(`${token === undefined ? 'it ends' : `"${token}" stands`} where ${what} is to be`);
    }
    this.#at += 1;
    return token;
  }

  #skip(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at += 1;
    return true;
  }
}

function checkKey(key: string): void {
  if (isLabelKey(key)) return;
  throw new Error(
    `"${key}" is no key of a label: at most 63 letters, digits, "-", "_" and ".", after a domain in lower case and "/"`,
  );
}

function checkValue(key: string, operator: string, value: string): void {
  if (operator === '>' || operator === '<') {
    // A value of a label has no sign, and at most 63 digits.
    if (isLabelValue(value) && /^[0-9]+$/.test(value) && BigInt.asIntN(64, BigInt(value)) === BigInt(value))
      return;
    throw new Error(`"${value}" is no whole number, which ${key}${operator} needs`);
  }
  if (value === '' || isLabelValue(value)) return;
  throw new Error(`"${value}" is no value of a label: at most 63 letters, digits, "-", "_" and "."`);
}

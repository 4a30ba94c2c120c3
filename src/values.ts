/** The parsers of values that people write. Each throws an error whose message says what to give instead. */
import { formed, listShape, within } from './forms.ts';
import { checkLabelSelector, SELECTOR } from './label-selector.ts';
import { isDnsLabel, isDnsSubdomain, LABEL } from './watcher/membership/grammar.ts';
import { MOST_EXPECTED, parseExpected, WORKLOAD } from './watcher/texts/expected.ts';
import { LABEL_KEY, parseLabelKeys } from './watcher/texts/label-keys.ts';
import { parseTarget, TARGET } from './watcher/texts/notify-target.ts';
import { COMMAND, NO_COMMAND, parseCommand } from './watcher/texts/shell-words.ts';
import { parseWaitCondition, WAIT_CONDITION } from './watcher/texts/wait-condition.ts';

export { isDnsLabel };

export const text = (given: string) => given;

/** Makes a parser of whole numbers in decimal digits, which have space around them at most. */
export function integer(low: number, high: number) {
  return formed([{ from: low, to: high, trimmed: true }], (given) => {
    const number = /^\d+$/.test(given.trim()) ? Number(given) : Number.NaN;
    if (number >= low && number <= high) return number;
    throw new Error(`give a whole number from ${low} to ${high}`);
  });
}

export function dnsLabel(given: string): string {
  if (isDnsLabel(given)) return given;
  throw new Error('give a name of at most 63 lower-case letters, digits and "-"');
}

/** Reads a DNS domain. A dot at the end is removed: it only says that the domain is complete. */
export function dnsDomain(given: string): string {
  const domain = given.replace(/\.$/, '');
  if (isDnsSubdomain(domain)) return domain;
  throw new Error('give a DNS domain such as cluster.local');
}

export function serverUrl(given: string): string {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return given;
  throw new Error('give a URL such as https://10.0.0.1:6443');
}

export function notifyTarget(given: string): string {
  parseTarget(given);
  return given;
}

/** Checks the selector at once, because the API server would refuse a wrong one on every try. */
export const labelSelector = formed([{ shape: SELECTOR }], (given) => {
  try {
    checkLabelSelector(given);
    return given;
  } catch (error) {
    throw new Error(`give a label selector such as app=db,role!=backup; ${(error as Error).message}`);
  }
});

/** Reads a time such as `90`, `90s`, `5m` or `1h`, and returns whole seconds. */
export function seconds(low: number, high: number) {
  const units: Record<string, number> = { '': 1, s: 1, m: 60, h: 3600 };
  const forms = Object.entries(units)
    .map(([unit, length]) => ({ from: Math.ceil(low / length), to: Math.floor(high / length), unit }))
    .filter(({ from, to }) => from <= to);
  return formed(forms, (given) => {
    const [, digits, unit = ''] = /^(\d{1,6})([smh]?)$/.exec(given) ?? [];
    const length = Number(digits) * units[unit]!;
    if (length >= low && length <= high) return length;
    throw new Error(`give a time from ${low} to ${high} seconds, such as 90, 90s or 5m`);
  });
}

/** Reads names that are separated by commas or spaces. Each is returned once. */
export const names = formed([{ shape: listShape(LABEL) }], (given) => {
  const all = given.split(/[\s,]+/).filter((name) => name !== '');
  if (all.length === 0) throw new Error('give names, apart by commas');
  for (const name of all) dnsLabel(name);
  return [...new Set(all)];
});

/** Reads keys of labels. */
export const labelKeys = formed([{ shape: listShape(LABEL_KEY) }], parseLabelKeys);

/** Reads a command: a program and its arguments. */
export const command = formed([{ shape: COMMAND, except: NO_COMMAND }], parseCommand);

/** Makes a parser that accepts these words only. */
export function oneOf<T extends string>(...words: T[]) {
  const forms = words.map((word) => ({ word }));
  return formed(forms, (given): T => {
    if ((words as string[]).includes(given)) return given as T;
    // The words are quoted, because in YAML an unquoted true is a boolean and the API server refuses it as an
    // annotation.
    const quoted = words.map((word) => `"${word}"`);
    throw new Error(`give ${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`);
  });
}

/** Reads a port, or `off` for none. Port 0 stands for any free port, where the lowest number allows it. */
export function portOrOff(low: 0 | 1) {
  const number = integer(low, 65535);
  return formed([{ word: 'off' }, ...number.forms], (given): number | 'off' => {
    if (given === 'off') return given;
    try {
      return number(given);
    } catch {
      throw new Error(`give a whole number from ${low} to 65535, or "off" for no port at all`);
    }
  });
}

/** Reads the name of a Service, and says which Service is meant when it is none. */
export const serviceName = formed([{ shape: LABEL }], (given) => {
  try {
    return dnsLabel(given);
  } catch {
    throw new Error(
      'give the name of a Service in the namespace of the pod: at most 63 lower-case letters, digits and "-"',
    );
  }
});

/** The most addresses to notify. A pod has a few processes that listen, and each is sent every change. */
const TARGETS = 16;

/** Addresses with space between them. The parser of URLs takes control characters before one, and ignores them. */
const TARGETS_SHAPE = targetsShape();

function targetsShape(): RegExp {
  const [target, between] = [within(TARGET), '(?:[\\x00-\\x1f]|\\s)'];
  return new RegExp(`^${between}*${target}(?:${between}+${target})*${between}*$`);
}

/** Reads addresses to notify that are separated by spaces. */
export const notifyTargets = formed([{ shape: TARGETS_SHAPE }], (given) => {
  const all = given.split(/\s+/).filter((target) => target !== '');
  if (all.length === 0) throw new Error('give http://127.0.0.1:PORT/PATH or udp://127.0.0.1:PORT');
  if (all.length > TARGETS) throw new Error(`there are ${all.length} of them; give at most ${TARGETS}`);
  return all.map(notifyTarget);
});

const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const HOST = '(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\\[[0-9A-Fa-f:]+\\])(?::[0-9]{1,5})?';
const DIGEST = 'sha(?:256:[0-9a-f]{64}|384:[0-9a-f]{96}|512:[0-9a-f]{128})';
/** The grammar of image references, as container runtimes read them. */
const REFERENCE = new RegExp(
  `^(?:${HOST}/)?${COMPONENT}(?:/${COMPONENT})*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@${DIGEST})?$`,
);
/** The longest name that registries take, the longest tag, and a digest. */
const REFERENCE_CHARACTERS = 255 + 128 + 136;

/** Reads the name of an image. A wrong one would only be found by kubelets, in every injected pod. */
export function imageReference(given: string): string {
  if (given.length <= REFERENCE_CHARACTERS && REFERENCE.test(given)) return given;
  throw new Error(
    'give the name of an image such as registry.example/team/rollcall:0.2.0, in lower-case letters, with a tag, ' +
      'or @sha256: and a digest, or both',
  );
}

/** Reads the name of a Secret. */
export function secretName(given: string): string {
  if (isDnsSubdomain(given)) return given;
  throw new Error('give the name of a Secret: at most 253 lower-case letters, digits, "-" and "."');
}

const trueOrFalseWord = oneOf('true', 'false');
/** Reads a choice between two: in YAML the words need quotes. */
export const trueOrFalse = formed(trueOrFalseWord.forms, (given) => trueOrFalseWord(given) === 'true');

/** Reads how many members an annotation expects, where `owner` is the workload of the pod. */
export const expectedByAnnotation = formed(
  [
    { shape: /^owner$/, trimmed: true },
    { from: 0, to: MOST_EXPECTED, trimmed: true },
    { shape: WORKLOAD, trimmed: true },
  ],
  (given) => {
    if (given.trim() === 'owner') return 'owner';
    try {
      parseExpected(given);
      return given.trim();
    } catch (error) {
      throw new Error(`give "owner" for the workload of the pod; or ${(error as Error).message}`);
    }
  },
);

/** Reads what the start of an application waits for. */
export const waitCondition = formed([{ shape: WAIT_CONDITION, trimmed: true }], parseWaitCondition);

/** The sources that a membership can come from. */
export const sourceName = oneOf('endpointslices', 'pods', 'dns');

/** Parses what the sidecar does when the time to wait is over: it lets the application start, or fails. */
export const waitAction = oneOf('continue', 'fail');

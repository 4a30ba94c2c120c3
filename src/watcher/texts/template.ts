import { isIPv4, isIPv6 } from 'node:net';
import { FILE_NAME, HEALTH_NAME, SOCKET_NAME } from '../contract.ts';
import type { Member } from '../protocol.ts';
import { isLabelKey, LABEL_KEY } from './label-keys.ts';

/** A file with one line for each member, such as `cluster.conf={hostname}:8848`. */
export interface Template {
  /** The plain name of the file, in the directory of the socket. */
  file: string;
  line: readonly TemplatePart[];
  /** The members that have a line; undefined for all of them. */
  where: ((member: Member) => boolean) | undefined;
  /** The keys of the labels that it goes by, each once. */
  labels: readonly string[];
}

/** A part of a line: text as it stands, or a value of the member. */
export type TemplatePart =
  | string
  | { placeholder: string; value: (member: Member) => string | number | undefined };

/** The placeholders that `{...}` may hold. A member that lacks the value gives `undefined`. */
const PLACEHOLDERS: Record<string, (member: Member) => string | number | undefined> = {
  name: (member) => member.name,
  namespace: (member) => member.namespace,
  uid: (member) => member.uid,
  hostname: (member) => member.hostname,
  // The primary address. With a port behind it, say which family: [{ipv6}]:8848.
  address: (member) => member.addresses[0],
  ipv4: (member) => member.addresses.find(isIPv4),
  ipv6: (member) => member.addresses.find(isIPv6),
  ordinal: (member) => member.ordinal,
  node: (member) => member.node,
  zone: (member) => member.zone,
  port: (member) => onlyPort(member),
};

const KNOWN = [...Object.keys(PLACEHOLDERS), 'port:NAME', 'label:KEY'].map((name) => `{${name}}`).join(' ');

/** The names that any shell and any file system take as they are. The length leaves room for `.NAME.new`. */
export const FILE = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}$/;

/**
 * Returns the template that `FILE=LINE` stands for. `{{` and `}}` in the line are single braces. Throws a
 * message that says what to give instead.
 */
export function parseTemplate(text: string): Template {
  const equals = text.indexOf('=');
  if (equals === -1) throw new Error('give FILE=LINE, such as cluster.conf={hostname}:8848');
  const file = text.slice(0, equals);
  if (!FILE.test(file)) {
    throw new Error(
      `"${file}" is not a plain file name; give one of letters, digits, "_", "-" and ".", with no directory`,
    );
  }
  if ([FILE_NAME, SOCKET_NAME, HEALTH_NAME].includes(file))
    throw new Error(`"${file}" is a name that rollcall uses itself; give another`);
  const { line, where } = parseWhere(text.slice(equals + 1));
  const parts = parseLine(line);
  const names = parts.flatMap((part) => (typeof part === 'string' ? [] : [part.placeholder]));
  if (where !== undefined) names.push(where.name);
  const labels = names.filter((name) => name.startsWith(LABEL)).map((name) => name.slice(LABEL.length));
  return { file, line: parts, where: where?.holds, labels: [...new Set(labels)] };
}

/** A condition at the end of a line, such as ` where label:role=primary`; what is no condition is text. */
const WHERE = /^(.*\S)\s+where\s+([^\s=!]+)(!?=)(\S*)$/s;
const LABEL = 'label:';

/** The shape of a line: whole placeholders, at least one, and a condition that the parser alone judges. */
export const LINE = lineShape();

function lineShape(): RegExp {
  const names = [...Object.keys(PLACEHOLDERS), 'port:[^{}]*', `${LABEL}${LABEL_KEY.source.slice(1, -1)}`];
  const one = `\\{(?:${names.join('|')})\\}`;
  const any = `(?:[^{}\\n\\r]|\\{\\{|\\}\\}|${one})*`;
  return new RegExp(`^${any}${one}${any}(?:\\s+where\\s[\\s\\S]*)?$`);
}

/** The values that a condition may be about beside labels. */
const CONDITIONS = ['zone', 'node', 'ordinal', 'name', 'hostname'];

interface Where {
  name: string;
  holds: (member: Member) => boolean;
}

function parseWhere(text: string): { line: string; where?: Where } {
  const [, line, name, operator, wanted] = WHERE.exec(text) ?? [];
  if (line === undefined || name === undefined) return { line: text };
  if (!CONDITIONS.includes(name) && !name.startsWith(LABEL)) {
    throw new Error(
      `"where ${name}" is no condition; give ${LABEL}KEY, ${CONDITIONS.join(', ')}, such as "where label:role=primary"`,
    );
  }
  const value = placeholder(name);
  // A member that lacks the value is not equal to any.
  const holds = (member: Member) => (`${value(member) ?? ''}` === wanted) === (operator === '=');
  return { line, where: { name, holds } };
}

/** Returns the member's line, the placeholder that it has no value for, or that it is not chosen. */
export function renderLine(
  template: Template,
  member: Member,
): { text: string } | { lacks: string } | { chosen: false } {
  if (template.where?.(member) === false) return { chosen: false };
  let text = '';
  for (const part of template.line) {
    const value = typeof part === 'string' ? part : part.value(member);
    if (value === undefined) return { lacks: (part as { placeholder: string }).placeholder };
    text += value;
  }
  return { text };
}

function parseLine(text: string): TemplatePart[] {
  if (/[\n\r]/.test(text)) throw new Error('the line has a line break in it; give one line a file');
  const parts: TemplatePart[] = [];
  // Everything falls into one of these: an escape, a placeholder, a brace on its own, other text.
  for (const [token, inside] of text.matchAll(/\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+/g)) {
    if (inside !== undefined) parts.push({ placeholder: inside, value: placeholder(inside) });
    else if (token === '{{' || token === '}}') parts.push(token[0]!);
    else if (token === '{' || token === '}')
      throw new Error(
        `"${text}" has a "${token}" without its other half; give "${token}${token}" for a brace`,
      );
    else parts.push(token);
  }
  if (parts.every((part) => typeof part === 'string'))
    throw new Error(`"${text}" has no placeholder, so it is the same for all members; give one of ${KNOWN}`);
  return parts;
}

function placeholder(name: string): (member: Member) => string | number | undefined {
  if (name.startsWith('port:')) {
    const port = name.slice('port:'.length);
    return (member) => (Object.hasOwn(member.ports, port) ? member.ports[port] : undefined);
  }
  if (name.startsWith(LABEL)) {
    const key = name.slice(LABEL.length);
    if (!isLabelKey(key)) throw new Error(`"{${name}}" names no label; give one such as {label:role}`);
    return ({ labels }) => (labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined);
  }
  if (Object.hasOwn(PLACEHOLDERS, name)) return PLACEHOLDERS[name]!;
  throw new Error(`"{${name}}" is not a placeholder; give one of ${KNOWN}`);
}

/** Returns the port of a member that has one port; of several, one has to be named. */
function onlyPort({ ports }: Member): number | undefined {
  const numbers = Object.values(ports);
  return numbers.length === 1 ? numbers[0] : undefined;
}

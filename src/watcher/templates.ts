import { isIPv4, isIPv6 } from 'node:net';
import { join } from 'node:path';
import { FILE_NAME, KeptFile, replaceFile, type WriteFile } from './files.ts';
import type { Log } from './log.ts';
import type { Member } from './protocol.ts';
import { SOCKET_NAME } from './socket.ts';
import type { Output, Watch } from './watch.ts';

/** One file of one line a member: `cluster.conf={hostname}:8848`. */
export interface Template {
  /** A plain name, in the directory of the socket. */
  file: string;
  line: readonly Part[];
}

/** Text as it stands, or a value of the member. */
export type Part = string | { placeholder: string; value: (member: Member) => string | number | undefined };

/** What `{...}` may hold. A member that lacks the value gives `undefined`. */
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

const KNOWN = [...Object.keys(PLACEHOLDERS), 'port:NAME'].map((name) => `{${name}}`).join(' ');

/** Names that any shell and any file system take as they are; the length leaves room for `.NAME.new`. */
const FILE = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}$/;

/**
 * The template that `FILE=LINE` stands for. `{{` and `}}` in the line are single braces. Throws a
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
  if (file === FILE_NAME || file === SOCKET_NAME)
    throw new Error(`"${file}" is a name that rollcall uses itself; give another`);
  return { file, line: parseLine(text.slice(equals + 1)) };
}

/** Several templates, each for a file of its own. */
export function parseTemplates(texts: readonly string[]): Template[] {
  const templates = texts.map(parseTemplate);
  const files = templates.map(({ file }) => file);
  const twice = files.find((file, index) => files.indexOf(file) !== index);
  if (twice !== undefined) throw new Error(`"${twice}" is given twice; give each file one line`);
  return templates;
}

/** The member's line; the placeholder that it has no value for, when there is one. */
export function renderLine(template: Template, member: Member): { text: string } | { lacks: string } {
  let text = '';
  for (const part of template.line) {
    const value = typeof part === 'string' ? part : part.value(member);
    if (value === undefined) return { lacks: (part as { placeholder: string }).placeholder };
    text += value;
  }
  return { text };
}

/**
 * Keeps the file of one template: a line for every member of the group in the order of the snapshot,
 * ready or not, since a peer that is starting or ending is a peer still. Equal lines stand once (a pod
 * and its successor of the same name). A member that lacks a value which the line needs is left out,
 * counted in `skipped` and logged when that begins. The file appears at the first sync and is written
 * only when its text changes, so whoever watches it is not woken for nothing.
 */
export class TemplateOutput implements Output {
  readonly file: string;
  #template: Template;
  #kept: KeptFile;
  #log: Log;
  /** Members that the file's latest text leaves out. */
  skipped = 0;

  constructor(directory: string, template: Template, log: Log, write: WriteFile = replaceFile) {
    this.file = template.file;
    this.#template = template;
    this.#log = log;
    this.#kept = new KeptFile(join(directory, template.file), log, unlessEqual(write));
  }

  /** Writes that failed. */
  get failures(): number {
    return this.#kept.failures;
  }

  synced(watch: Watch): void {
    this.#kept.request(() => this.#render(watch.snapshot().members));
  }

  changed(_delta: unknown, watch: Watch): void {
    this.synced(watch);
  }

  /** How fresh the members are does not show in the file. */
  status(): void {}

  heartbeat(): void {
    this.#kept.retry();
  }

  #render(members: readonly Member[]): string {
    const lines = new Set<string>();
    const skipped: { name: string; lacks: string }[] = [];
    for (const member of members) {
      const line = renderLine(this.#template, member);
      if ('text' in line) lines.add(`${line.text}\n`);
      else skipped.push({ name: member.name, lacks: line.lacks });
    }
    this.#report(skipped);
    return [...lines].join('');
  }

  #report(skipped: readonly { name: string; lacks: string }[]): void {
    const [first] = skipped;
    if (first !== undefined && this.skipped === 0) {
      this.#log.warn('members are left out of the file, they lack a value', {
        file: this.file,
        placeholder: `{${first.lacks}}`,
        member: first.name,
        members: skipped.length,
      });
    }
    this.skipped = skipped.length;
  }
}

function parseLine(text: string): Part[] {
  if (/[\n\r]/.test(text)) throw new Error('the line has a line break in it; give one line a file');
  const parts: Part[] = [];
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
  if (Object.hasOwn(PLACEHOLDERS, name)) return PLACEHOLDERS[name]!;
  throw new Error(`"{${name}}" is not a placeholder; there are ${KNOWN}`);
}

/** The port of a service that has one; of several, one has to be named. */
function onlyPort({ ports }: Member): number | undefined {
  const numbers = Object.values(ports);
  return numbers.length === 1 ? numbers[0] : undefined;
}

function unlessEqual(write: WriteFile): WriteFile {
  let written: string | undefined;
  return async (path, text) => {
    if (text === written) return;
    // A write that fails may have failed after the rename.
    written = undefined;
    await write(path, text);
    written = typeof text === 'string' ? text : undefined;
  };
}

/** The pages of the documentation as a reader meets them: their text, links, headings and commands. */

import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** The root of the repository. */
export const ROOT = new URL('../../', import.meta.url).pathname;

/** Every page of Markdown that people read, by its path from the root. */
export const PAGES: readonly string[] = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md'],
  ...globSync('{docs,examples}/**/*.md', { cwd: ROOT, exclude: (name) => name === 'node_modules' }),
].sort();

export function textOf(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

/** Returns the links of a page that lead nowhere: to a file that is not there, or to a heading that is not in it. */
export function brokenLinks(page: string, text = textOf(page)): string[] {
  const links = [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!);
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [path, anchor] = link.split('#') as [string, string | undefined];
    if (path === '') return !anchorsOf(text).includes(anchor ?? '');
    const target = normalize(join(dirname(page), decodeURI(path)));
    if (target.startsWith('..') || !existsSync(join(ROOT, target))) return true;
    if (anchor === undefined || !target.endsWith('.md')) return false;
    return !anchorsOf(textOf(target)).includes(anchor);
  });
}

/** The anchors that a site such as GitHub gives to the headings of a page. */
export function anchorsOf(text: string): string[] {
  return [...withoutBlocks(text).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function withoutBlocks(text: string): string {
  return text.replace(/^( *)```[\s\S]*?^\1```/gm, '');
}

function withoutCode(text: string): string {
  return withoutBlocks(text).replace(/`[^`\n]*`/g, '``');
}

/** A block of commands, and what is said of it on the line before: which test runs it, or why none does. */
export interface Commands {
  commands: string;
  runBy: string | undefined;
  notRun: string | undefined;
}

export function commandsOf(text: string): Commands[] {
  const blocks = text.matchAll(/(?:<!-- (run by|not run:) (.+?) -->\n\n)?```sh\n([\s\S]*?)```/g);
  return [...blocks].map(([, kind, what, commands]) => ({
    commands: commands!,
    runBy: kind === 'run by' ? what : undefined,
    notRun: kind === 'not run:' ? what : undefined,
  }));
}

/** Returns the lines of a block of commands, each command on one line, wherever the page breaks it. */
export function linesOf(commands: string): string[] {
  return commands
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** A part of a page below a heading, with the lines of its blocks of commands. */
export interface Section {
  heading: string;
  commands: string[];
}

export function sectionsOf(text: string): Section[] {
  return text
    .split(/^##+ /m)
    .slice(1)
    .map((section) => ({
      heading: section.split('\n')[0]!,
      commands: commandsOf(section).flatMap(({ commands }) => linesOf(commands)),
    }));
}

/** Returns the lines of the commands below a heading of a page, up to the next heading. */
export function commandsUnder(page: string, heading: string): string[] {
  const section = sectionsOf(textOf(page)).find((one) => one.heading === heading);
  if (section === undefined) throw new Error(`${page} has no heading "${heading}"; correct the name`);
  return section.commands;
}

/** Whether a path, as a page links it, is a file. */
export function isFile(page: string, path: string): boolean {
  const file = join(ROOT, dirname(page), path);
  return existsSync(file) && statSync(file).isFile();
}

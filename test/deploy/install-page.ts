/** docs/install.md, docs/platforms.md and docs/operations.md: what they tell people to run and to write. */

import { readFileSync } from 'node:fs';

const page = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const text = page('docs/install.md');

export interface Section {
  heading: string;
  /** The commands, each on one line, wherever the page breaks it. */
  commands: string[];
}

/** The sections of a page, with the commands of their blocks. */
const sectionsOf = (markdown: string): Section[] =>
  markdown
    .split(/^##+ /m)
    .slice(1)
    .map((section) => ({
      heading: section.split('\n')[0]!,
      commands: blocks(section, 'sh').flatMap((block) =>
        block
          .replace(/\\\n\s*/g, '')
          .split('\n')
          .map((line) => line.trim())
          .filter((line) => line !== ''),
      ),
    }));

export const sections: readonly Section[] = sectionsOf(text);
/** The sections of docs/platforms.md. */
export const platformSections: readonly Section[] = sectionsOf(page('docs/platforms.md'));

/** Returns the sections of a page, whose path is from the top of the repository. */
export const sectionsOfPage = (path: string): readonly Section[] => sectionsOf(page(path));

/** The kustomization that the page shows. */
export const kustomization: string = blocks(text, 'yaml')[0]!;

/** Names of the chart's values in the table of platforms. */
export const platformValues: readonly string[] = text
  .slice(text.indexOf('| where | values |'), text.indexOf('\n\nWith `hostNetwork`'))
  .split('\n')
  .flatMap((row) => [...(row.split('|')[2] ?? '').matchAll(/`([A-Za-z.]+)/g)].map(([, name]) => name!));

function blocks(markdown: string, language: string): string[] {
  const fence = new RegExp(`^ *\`\`\`${language}\\n([\\s\\S]*?)^ *\`\`\`$`, 'gm');
  return [...markdown.matchAll(fence)].map(([, block]) => block!);
}

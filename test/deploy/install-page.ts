/** docs/install.md: what it tells people to run and to write. */

import { readFileSync } from 'node:fs';

const text = readFileSync(new URL('../../docs/install.md', import.meta.url), 'utf8');

export interface Section {
  heading: string;
  /** Each on one line, whatever the page breaks. */
  commands: string[];
}

/** The sections of the page, with the commands of their blocks. */
export const sections: readonly Section[] = text
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

/** docs/install.md and docs/platforms.md: the commands and the files that they tell people to run and to write. */

import { type Section, sectionsOf, textOf } from '../docs/pages.ts';

const text = textOf('docs/install.md');

export const sections: readonly Section[] = sectionsOf(text);
/** The sections of docs/platforms.md. */
export const platformSections: readonly Section[] = sectionsOf(textOf('docs/platforms.md'));

/** The kustomization that the page shows. */
export const kustomization: string = /^ *```yaml\n([\s\S]*?)^ *```$/m.exec(text)![1]!;

/** Names of the chart's values in the table of platforms. */
export const platformValues: readonly string[] = text
  .slice(text.indexOf('| where | values |'), text.indexOf('\n\nWith `hostNetwork`'))
  .split('\n')
  .flatMap((row) => [...(row.split('|')[2] ?? '').matchAll(/`([A-Za-z.]+)/g)].map(([, name]) => name!));

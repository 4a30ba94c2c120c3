import { flagOf, type Setting, type SettingsTable } from './setting.ts';

/** Returns the part of the help that lists the settings of a command: a line a flag. */
export function describeSettings(settings: SettingsTable): string {
  const rows = Object.entries(settings).map(
    ([key, setting]) => [`  ${flagOf(key)} ${setting.value}`, sentenceOf(setting)] as const,
  );
  const width = Math.max(...rows.map(([flag]) => flag.length)) + 2;
  return rows.map(([flag, sentence]) => flag.padEnd(width) + sentence).join('\n');
}

function sentenceOf({ doc, note, required, default: otherwise }: Setting<unknown>): string {
  const told = plain(note === undefined ? doc : `${doc}; ${note}`);
  if (required) return `${told} (required)`;
  return otherwise === undefined ? told : `${told} (default ${otherwise})`;
}

/** Returns a text as a terminal shows it, without the marks of Markdown. */
export function plain(markdown: string): string {
  return markdown.replaceAll('`', '');
}

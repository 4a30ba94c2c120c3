import * as pages from '../docs/pages.ts';

const NEEDS_NODES = /\b(logs|proxy)\b/;

/** Whether a command asks a kubelet, which a bare API server has none of. */
export function needsNodes(command: string): boolean {
  return NEEDS_NODES.test(command);
}

/** The commands of docs/runbook.md below a heading, up to the next one. */
export function commandsUnder(heading: string): string[] {
  return pages.commandsUnder('docs/runbook.md', heading);
}

/** The command with the names in it that everybody has to fill in. */
export function filledIn(command: string, names: Readonly<Record<string, string>>): string {
  return command.replace(/\b(NAMESPACE|KIND|NAME|POD)\b/g, (word) => names[word] ?? word);
}

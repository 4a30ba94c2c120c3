import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const page = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8');
const NEEDS_NODES = /\b(logs|proxy)\b/;

/** Whether a command asks a kubelet, which a bare API server has none of. */
export function needsNodes(command: string): boolean {
  return NEEDS_NODES.test(command);
}

/** The commands of docs/runbook.md below a heading, up to the next one. */
export function commandsUnder(heading: string): string[] {
  const [, section] = page.split(new RegExp(`^#+ ${heading}$`, 'm'));
  assert.ok(section, heading);
  const blocks = section.split(/^#+ /m)[0]!.matchAll(/^```sh\n(.*?)^```$/gms);
  return [...blocks].flatMap(([, block]) => block!.trim().split('\n'));
}

/** The command with the names in it that everybody has to fill in. */
export function filledIn(command: string, names: Readonly<Record<string, string>>): string {
  return command.replace(/\b(NAMESPACE|KIND|NAME|POD)\b/g, (word) => names[word] ?? word);
}

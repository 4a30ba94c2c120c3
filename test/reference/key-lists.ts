/** The lists of keys in deploy/policies.yaml, from the table that the injector goes by. */
import { type Key, keys, PLACES, PREFIX, type Written } from '../../src/inject/annotations.ts';

const BEGIN = /^ *# Begin of the keys of (\w+), made by `npm run golden`\.\n/m;
const END = '    # End of the keys.\n';

/** Characters of a line of the list; the rest of the file is as wide. */
const WIDTH = 110;

type Listed = Pick<Key<unknown>, 'key' | 'on' | 'kind'>;

/** Returns the text of the policies with the keys of today in its lists. Throws when a list has lost its end. */
export function withKeyLists(text: string, all: readonly Listed[] = Object.values(keys)): string {
  const begin = BEGIN.exec(text);
  if (begin === null) return text;
  const start = begin.index + begin[0].length;
  const end = text.indexOf(END, start);
  if (end === -1) throw new Error(`the keys of ${begin[1]} have no end; write ${END.trim()} below them`);
  const variables = Object.entries(listsOf(begin[1]!, all)).map(variable).join('');
  return text.slice(0, start) + variables + END + withKeyLists(text.slice(end + END.length), all);
}

/** Names without the prefix. A family is told by the part that its keys begin with. */
function listsOf(kind: string, all: readonly Listed[]): Record<string, string[]> {
  if (kind === 'pods') {
    // The label of namespaces is told by a sentence of its own.
    const namespaceOnly = all.filter(({ on, kind: written }) => !isOn(on, 'pod') && written !== 'label');
    return { known: single(all), families: families(all), namespaceOnly: single(namespaceOnly) };
  }
  // What rollcall.dev/inject is for is told by a sentence of its own.
  const podOnly = all.filter(({ on, key }) => !isOn(on, 'namespace') && key !== keys.inject.key);
  return {
    known: single(all),
    families: families(all),
    podOnly: single(podOnly),
    podOnlyFamilies: families(podOnly),
  };
}

function isOn(place: Listed['on'], written: Written): boolean {
  return (PLACES[place] as readonly Written[]).includes(written);
}

const nameOf = ({ key }: Listed) => key.slice(PREFIX.length);
const single = (all: readonly Listed[]) => all.map(nameOf).filter((name) => !name.endsWith('.'));
const families = (all: readonly Listed[]) => all.map(nameOf).filter((name) => name.endsWith('.'));

function variable([name, list]: [name: string, list: string[]]): string {
  const lines = [''];
  for (const [index, one] of list.entries()) {
    const item = `'${one}'${index === list.length - 1 ? '' : ', '}`;
    if (lines.at(-1)!.length + item.length > WIDTH - 10) lines.push('');
    lines[lines.length - 1] += item;
  }
  const text = lines.map((line) => `        ${line.trimEnd()}\n`).join('');
  return `    - name: ${name}\n      expression: >-\n        [${text.trim()}]\n`;
}

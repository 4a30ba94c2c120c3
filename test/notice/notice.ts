/** The text of NOTICE: what is bundled from other projects, with their licenses. */

import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const HEAD = `Rollcall is under the Apache License 2.0, see LICENSE.

The program in the image and in the npm package contains code of the packages below, each under the license that is
named beside it; the texts follow. The image also contains Node.js and the libraries that it is linked with: their
licenses are in /usr/local/LICENSE and /usr/share/doc of the image. Made from what the bundler put in, by
"npm run golden".
`;

interface Bundled {
  name: string;
  version: string;
  license: string;
  /** The texts of its files of license and notice. */
  texts: string[];
}

/** `inputs` are the files that the bundler read. */
export async function notice(inputs: readonly string[]): Promise<string> {
  const folders = [...new Set(inputs.flatMap((input) => packageFolder(input) ?? []))];
  const packages = await Promise.all(folders.map(described));
  packages.sort((one, other) => compare(title(one), title(other)));
  const list = packages.map((one) => `${title(one)}: ${one.license}`).join('\n');
  return `${HEAD}\n${list}\n${byText(packages)}`;
}

/** The folder of the package that a file belongs to, the innermost one; undefined for files of ours. */
function packageFolder(input: string): string | undefined {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
}

async function described(folder: string): Promise<Bundled> {
  const read = (name: string) => readFile(`${ROOT}${folder}/${name}`, 'utf8');
  const { name, version, license, licenses } = JSON.parse(await read('package.json'));
  const files = (await readdir(`${ROOT}${folder}`)).filter((file) =>
    /^(licen[cs]e|copying|notice)\b/i.test(file),
  );
  const texts = await Promise.all(files.toSorted(compare).map(read));
  return {
    name,
    version,
    license: license ?? licenses?.map(({ type }: { type: string }) => type).join(' or '),
    texts,
  };
}

/** Each text once, under all the packages that have it. */
function byText(packages: readonly Bundled[]): string {
  const holders = new Map<string, string[]>();
  for (const one of packages) {
    for (const text of one.texts) {
      const normal = text.replaceAll('\r\n', '\n').trim();
      holders.set(normal, [...(holders.get(normal) ?? []), title(one)]);
    }
  }
  return [...holders]
    .map(([text, names]) => `\n${'-'.repeat(80)}\n${names.join('\n')}\n\n${text}\n`)
    .join('');
}

function title({ name, version }: Bundled): string {
  return `${name} ${version}`;
}

/** Compares texts by code units, which gives the same order on every machine. */
function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}

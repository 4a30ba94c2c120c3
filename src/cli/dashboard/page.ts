import { readFile } from 'node:fs/promises';

export interface Asset {
  type: string;
  content: string;
}

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

/** The files of the page. The build puts the folder beside the program. */
const FILES = ['index.html', 'icon.svg', 'page.css', 'page.js', 'dom.js', 'matrix.js', 'words.js'] as const;

/** Returns the files of the page by the paths that they are served at. */
export async function assets(folder = new URL('./page/', import.meta.url)): Promise<Map<string, Asset>> {
  const read = FILES.map(async (name): Promise<[string, Asset]> => {
    const content = await readFile(new URL(name, folder), 'utf8');
    return [name === 'index.html' ? '' : name, { type: TYPES[name.split('.')[1]!]!, content }];
  });
  return new Map(await Promise.all(read));
}

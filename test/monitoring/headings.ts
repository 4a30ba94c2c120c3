import { readFileSync } from 'node:fs';

const root = new URL('../../', import.meta.url);

/** The anchors of a page, made of its headings as Git hosts make them. */
export function anchorsOf(page: string): string[] {
  const text = readFileSync(new URL(page, root), 'utf8').replace(/^```.*?^```/gms, '');
  return [...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Why a link of the form PAGE or PAGE#ANCHOR leads nowhere; undefined when it leads somewhere. */
export function deadLink(link: string): string | undefined {
  const [page, anchor] = link.split('#');
  try {
    if (anchor === undefined || anchorsOf(page!).includes(anchor)) return undefined;
    return `${page} has no heading for #${anchor}`;
  } catch {
    return `there is no ${page}`;
  }
}

/** The folders of groups, which lie in a volume that applications may be able to write to. */
import { lstatSync, mkdirSync } from 'node:fs';

/**
 * Makes the folder at `path` where there is none. Throws where something else is in its place: a link, which an
 * application could have put there, is not followed.
 */
export function makeFolder(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) mkdirSync(path, { recursive: true });
  if (lstatSync(path).isDirectory()) return;
  throw new Error(`"${path}" is no directory, where the folder of a group is to be; remove it`);
}

/** Throws where a link has taken the place of a folder that was made here. */
export function refuseLink(path: string): void {
  if (isLink(path)) throw new Error(`"${path}" is a link, in the place of a folder; remove it`);
}

export function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

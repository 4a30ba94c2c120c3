import { constants } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { refuseLink } from './folder.ts';

/** A text, or the pieces of one, made while they are written. */
export type Text = string | Iterable<string>;

/** A function that puts `text` in the place of what the file at `path` held. */
export type WriteFile = (path: string, text: Text) => Promise<void>;

/** These flags make a new file: what lies at its name, a link for example, is neither opened nor followed. */
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/**
 * Replaces the file at `path`. Readers see the old file or the new one, never a part: the text is written
 * under a temporary name in the same directory, synced, and renamed.
 */
export async function replaceFile(path: string, text: Text): Promise<void> {
  // Hidden, and with an end that no file of ours has: it can't be another output's file.
  const temporary = join(dirname(path), `.${basename(path)}.new`);
  const file = await openNew(temporary);
  try {
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    // In a full volume, a part that nobody will read must not take the room of the next try.
    await unlink(temporary).catch(() => {});
    throw error;
  }
}

/** Replaces a file in a folder that was made for it. Where a link has taken the folder's place, nothing is written. */
export async function replaceInFolder(path: string, text: Text): Promise<void> {
  refuseLink(dirname(path));
  await replaceFile(path, text);
}

/** Opens a new file. What a crash has left under the name, or somebody put there, is removed. */
async function openNew(path: string): Promise<FileHandle> {
  try {
    return await open(path, NEW_FILE, 0o644);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    await unlink(path);
    return open(path, NEW_FILE, 0o644);
  }
}

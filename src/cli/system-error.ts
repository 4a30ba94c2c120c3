import { getSystemErrorMessage } from 'node:util';

/** Returns why the system refused something, in words: `no such file or directory` and not `ENOENT`. */
export function reasonOf(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException;
  return errno === undefined ? message : getSystemErrorMessage(errno);
}

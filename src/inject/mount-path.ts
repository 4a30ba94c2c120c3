import { formed } from '../forms.ts';
import { DIRECTORY, MAX_PATH_BYTES, SOCKET_NAME } from '../watcher/contract.ts';

/** Roots below which an image rarely has what an application needs: mounted over, it would be hidden. */
const ROOTS = ['/run', '/var/run', '/var/lib', '/srv', '/mnt', '/opt', '/data', '/etc', '/home', '/tmp'];
/** The socket's name is to follow in the path of a Unix socket. */
const MAX_BYTES = MAX_PATH_BYTES - `/${SOCKET_NAME}`.length;

const FOLDER = new RegExp(`^(?:${ROOTS.join('|')})(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)+$`);
const SECRETS = /^(\/var)?\/run\/secrets(\/|$)/;

/** The absolute path of a folder that may be mounted over; throws what to write instead. */
export const mountPath = formed([{ shape: FOLDER, except: SECRETS }], (path) => {
  if (!FOLDER.test(path) || path.length > MAX_BYTES) {
    throw new Error(
      `write the absolute path of a folder below ${ROOTS.join(', ')}, at most ${MAX_BYTES} characters, ` +
        `such as ${DIRECTORY}`,
    );
  }
  if (SECRETS.test(path))
    throw new Error(`the secrets of the pod are there; write another, such as ${DIRECTORY}`);
  return path;
});

/**
 * The place that a path leads to, so that two spellings of it are alike: `//`, `/./` and slashes at the end
 * are nothing, and `/var/run` is a link to `/run` in the images of all distributions.
 */
export function placeOf(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  if (parts[0] === 'var' && parts[1] === 'run') parts.shift();
  return `/${parts.join('/')}`;
}

/** Whether a place is inside the folder that another place is. */
export function isInside(place: string, folder: string): boolean {
  return place.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

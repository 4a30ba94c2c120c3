import { open } from 'node:fs/promises';
import type { Log } from '../watcher/log.ts';
import type { Members } from '../watcher/membership/membership.ts';
import type { AddressType } from '../watcher/outputs/hooks.ts';
import { peerName } from '../watcher/outputs/hooks.ts';
import type { Output, Watch } from '../watcher/watch.ts';

/**
 * The line after which the aliases stand. The original peer-finder writes the same line, so that its files
 * are taken over.
 */
const MARK = '# peer-finder-managed-aliases:';

/**
 * Returns the section of the hosts file: the mark, and for each member a line with its address and the name
 * of its pod.
 */
export function aliases(members: Members, type: AddressType): string {
  const address = peerName(type === 'DNS' ? 'IP' : type);
  const lines = [...members.values()].flatMap((member) => {
    const found = address(member);
    return found === undefined ? [] : [`${found} ${member.name}\n`];
  });
  return `${MARK}\n${lines.sort().join('')}`;
}

/**
 * Returns the text with everything from the mark on replaced. The lines before the mark are written by the
 * kubelet and stay.
 */
export function withAliases(text: string, section: string): string {
  const at = text.search(new RegExp(`^${MARK}`, 'm'));
  const kept = at === -1 ? text : text.slice(0, at);
  return `${kept}${kept === '' || kept.endsWith('\n') ? '' : '\n'}${section}`;
}

/**
 * Keeps the pods in a hosts file. The file is written in place with one write, because /etc/hosts is a mount
 * of its own in a container and no file can be renamed over it. It is checked at every heartbeat, because the
 * kubelet writes it anew when a container of the pod restarts.
 */
export class HostsFile implements Output {
  #path: string;
  #type: AddressType;
  #log: Log;
  #work = Promise.resolve();
  #failure: string | undefined;

  constructor(path: string, type: AddressType, log: Log) {
    this.#path = path;
    this.#type = type;
    this.#log = log;
  }

  synced(watch: Watch): void {
    this.#work = this.#work.then(() => this.#update(watch.members));
  }

  changed(_delta: unknown, watch: Watch): void {
    this.synced(watch);
  }

  heartbeat(_heartbeat: unknown, watch: Watch): void {
    if (watch.synced) this.synced(watch);
  }

  /** Resolves when everything that was asked for is written or has failed. */
  settled(): Promise<void> {
    return this.#work;
  }

  async #update(members: Members): Promise<void> {
    try {
      await update(this.#path, aliases(members, this.#type));
      this.#failure = undefined;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      // The write is tried again every few seconds. The same fault is logged once.
      if (this.#failure !== message)
        this.#log.error('-hosts-file can not be written', {
          file: this.#path,
          error: message,
          advice:
            code === 'EACCES' || code === 'EROFS' ? 'run as root, or give another -hosts-file' : undefined,
        });
      this.#failure = message;
    }
  }
}

async function update(path: string, section: string): Promise<void> {
  const file = await open(path, 'r+').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return open(path, 'w+', 0o644);
    throw error;
  });
  try {
    const old = await file.readFile('utf8');
    const text = withAliases(old, section);
    if (text === old) return;
    const bytes = Buffer.from(text);
    await file.write(bytes, 0, bytes.length, 0);
    await file.truncate(bytes.length);
  } finally {
    await file.close();
  }
}

import { type FileHandle, open } from 'node:fs/promises';
import type { Clock } from '../watcher/clock.ts';
import { type Log, silent } from '../watcher/log.ts';
import type { Members } from '../watcher/membership/membership.ts';
import type { WriteFile } from '../watcher/outputs/atomic-write.ts';
import type { AddressType } from '../watcher/outputs/hooks.ts';
import { peerName } from '../watcher/outputs/hooks.ts';
import type { Output, View } from '../watcher/outputs/output.ts';
import { PacedFile } from '../watcher/outputs/paced-file.ts';
import type { Delta, Member } from '../watcher/protocol.ts';

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
  const lines = Array.from(members.values(), (member) => lineOf(member, type));
  return `${MARK}\n${lines.sort().join('')}`;
}

/** Returns the line of a member; empty for one that has no address of the type. */
function lineOf(member: Member, type: AddressType): string {
  const address = peerName(type === 'DNS' ? 'IP' : type)(member);
  return address === undefined ? '' : `${address} ${member.name}\n`;
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
 * The output that keeps the pods in a hosts file. The file is written in place, with one write where it fits, because
 * /etc/hosts is a mount of its own in a container and no file can be renamed over it. The first change is
 * written at once; then the next waits 200 times as long as the last one took, a second at most. The file is
 * checked at every heartbeat, because the kubelet writes it anew when a container of the pod restarts.
 */
export class HostsFile implements Output {
  #type: AddressType;
  #log: Log;
  #file: PacedFile;
  #failure: string | undefined;

  constructor(path: string, type: AddressType, clock: Clock, log: Log) {
    this.#type = type;
    this.#log = log;
    const write: WriteFile = (_path, section) => this.#update(path, [...section].join(''));
    // A failed write is logged here, once for each fault.
    this.#file = new PacedFile(path, clock, silent, write);
  }

  synced(view: View): void {
    this.#file.request(() => [aliases(view.members, this.#type)]);
  }

  /** Asks for a write when a line may be another: who is ready does not matter here. */
  changed(delta: Delta, view: View, was: readonly Member[]): void {
    const line = (member: Member) => lineOf(member, this.#type);
    const changes = (member: Member, index: number) => line(member) !== line(was[index]!);
    if (delta.left.length + delta.joined.length > 0 || delta.changed.some(changes)) this.synced(view);
  }

  heartbeat(_heartbeat: unknown, view: View): void {
    if (view.synced) this.synced(view);
  }

  /** Resolves when everything that was asked for is written or has failed. */
  settled(): Promise<void> {
    return this.#file.settled();
  }

  async #update(path: string, section: string): Promise<void> {
    try {
      await update(path, section);
      this.#failure = undefined;
    } catch (error) {
      this.#tell(path, error as NodeJS.ErrnoException);
      throw error;
    }
  }

  /** Logs a fault. The write is tried again every few seconds, and the same fault is logged once. */
  #tell(path: string, { code = '', message }: NodeJS.ErrnoException): void {
    if (this.#failure !== message)
      this.#log.error('-hosts-file can not be written', { file: path, error: message, advice: ADVICE[code] });
    this.#failure = message;
  }
}

const OTHER_USER = 'run as root, or give another -hosts-file';
const NO_ROOM = 'make room on its volume, or give another -hosts-file';
const ADVICE: Readonly<Record<string, string>> = {
  EACCES: OTHER_USER,
  EROFS: OTHER_USER,
  ENOSPC: NO_ROOM,
  EDQUOT: NO_ROOM,
  EFBIG: NO_ROOM,
};

/** Replaces the section in the file at `path`, which is made when it is missing. */
async function update(path: string, section: string): Promise<void> {
  const file = await open(path, 'r+').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return open(path, 'w+', 0o644);
    throw error;
  });
  try {
    const old = await file.readFile();
    // Read as latin1, every byte is a character: what stands before the mark stays, whatever encoding it is in.
    const text = withAliases(old.toString('latin1'), Buffer.from(section).toString('latin1'));
    const bytes = Buffer.from(text, 'latin1');
    if (bytes.equals(old)) return;
    await overwrite(file, bytes, old);
  } finally {
    await file.close();
  }
}

/** Writes `bytes` over `old`. Where there is no room for all of them, the old ones, which had room, stand again. */
async function overwrite(file: FileHandle, bytes: Buffer, old: Buffer): Promise<void> {
  try {
    await writeAll(file, bytes);
  } catch (error) {
    // The reader of a hosts file would take a name that is cut for a name.
    await writeAll(file, old).catch(() => {});
    throw error;
  }
}

/** Makes `bytes` the content of the file. A system call that meets a full disk takes a part and reports no error. */
async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, at);
    at += bytesWritten;
  }
  await file.truncate(bytes.length);
}

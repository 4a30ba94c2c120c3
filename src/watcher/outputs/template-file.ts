import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Delta, Member } from '../protocol.ts';
import { renderLine, type Template } from '../texts/template.ts';
import { replaceFile, type Text, type WriteFile } from './atomic-write.ts';
import type { Output, OutputMetric, View } from './output.ts';
import { fileFailures, PacedFile, PIECE_BYTES } from './paced-file.ts';

/**
 * The output that keeps the file of one template: a line for every member of the group in the order of the snapshot,
 * ready or not, since a peer that is starting or ending is a peer still. Equal lines stand once (a pod
 * and its successor of the same name). A member that lacks a value which the line needs is left out,
 * counted in `skipped` and logged when that begins. The file appears at the first sync and is written
 * only when its text changes, so whoever watches it is not woken for nothing.
 */
export class TemplateFile implements Output {
  readonly file: string;
  readonly metrics: readonly OutputMetric[];
  #template: Template;
  #kept: PacedFile;
  #log: Log;
  /** The digest of what was written last; undefined where the file may hold something else. */
  #written: string | undefined;
  /** The number of members that the file's latest text leaves out. */
  skipped = 0;

  constructor(directory: string, template: Template, clock: Clock, log: Log, write: WriteFile = replaceFile) {
    this.file = template.file;
    this.#template = template;
    this.#log = log;
    this.#kept = new PacedFile(join(directory, template.file), clock, log, this.#unlessEqual(write));
    this.metrics = [fileFailures(this.#kept)];
  }

  get failures(): number {
    return this.#kept.failures;
  }

  get failing(): string | undefined {
    return this.#kept.failing ? this.file : undefined;
  }

  synced(view: View): void {
    this.#kept.request(() => this.#render(view.snapshot().members));
  }

  changed(delta: Delta, view: View, was: readonly Member[]): void {
    const changes = (member: Member, index: number) => this.#shown(member) !== this.#shown(was[index]!);
    if (delta.left.length + delta.joined.length > 0 || delta.changed.some(changes)) this.synced(view);
  }

  written(): Promise<void> {
    return this.#kept.flush();
  }

  restore(view: View): void {
    this.#written = undefined;
    this.synced(view);
  }

  heartbeat(): void {
    this.#kept.retry();
  }

  /**
   * Returns a function that writes a text unless it is the one that was written last. That one is known by its
   * digest: kept as a text, it would take as much memory as the file.
   */
  #unlessEqual(write: WriteFile): WriteFile {
    return async (path, text) => {
      const wanted = digest(text);
      if (wanted === this.#written) return;
      // A write that fails may have failed after the rename.
      this.#written = undefined;
      await write(path, text);
      this.#written = wanted;
    };
  }

  /** Returns the line, or what is missing for it: the file is about nothing else, least of all who is ready. */
  #shown(member: Member): string {
    return JSON.stringify(renderLine(this.#template, member));
  }

  #render(members: readonly Member[]): readonly string[] {
    const lines = new Set<string>();
    const skipped: { name: string; lacks: string }[] = [];
    for (const member of members) {
      const line = renderLine(this.#template, member);
      if ('text' in line) lines.add(`${line.text}\n`);
      else if ('lacks' in line) skipped.push({ name: member.name, lacks: line.lacks });
    }
    this.#report(skipped);
    return pieces(lines);
  }

  #report(skipped: readonly { name: string; lacks: string }[]): void {
    const [first] = skipped;
    if (first !== undefined && this.skipped === 0) {
      this.#log.warn('members are left out of the file, they lack a value', {
        file: this.file,
        placeholder: `{${first.lacks}}`,
        member: first.name,
        members: skipped.length,
      });
    }
    this.skipped = skipped.length;
  }
}

/** Returns the text in pieces, which are written one at a time. */
function pieces(lines: Iterable<string>): string[] {
  const pieces: string[] = [];
  let piece = '';
  for (const line of lines) {
    piece += line;
    if (piece.length < PIECE_BYTES) continue;
    pieces.push(piece);
    piece = '';
  }
  return [...pieces, piece];
}

function digest(text: Text): string {
  const hash = createHash('sha256');
  for (const piece of typeof text === 'string' ? [text] : text) hash.update(piece);
  return hash.digest('base64');
}

import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { FILE_NAME } from '../contract.ts';
import type { Log } from '../log.ts';
import { encodePieces } from '../protocol.ts';
import { replaceFile, type WriteFile } from './atomic-write.ts';
import { type OutputMetric, SnapshotOutput, type View } from './output.ts';
import { fileFailures, PacedFile, PIECE_BYTES } from './paced-file.ts';

/** The output that keeps `members.json`, the latest snapshot. */
export class MembersFile extends SnapshotOutput {
  readonly metrics: readonly OutputMetric[];
  #file: PacedFile;

  constructor(directory: string, clock: Clock, log: Log, write: WriteFile = replaceFile) {
    super();
    this.#file = new PacedFile(join(directory, FILE_NAME), clock, log, write);
    this.metrics = [fileFailures(this.#file)];
  }

  get failures(): number {
    return this.#file.failures;
  }

  get failing(): string | undefined {
    return this.#file.failing ? FILE_NAME : undefined;
  }

  synced(view: View): void {
    this.#file.request(() => encodePieces(view.snapshot(), PIECE_BYTES));
  }

  written(): Promise<void> {
    return this.#file.flush();
  }

  restore(view: View): void {
    this.synced(view);
  }

  heartbeat(): void {
    this.#file.retry();
  }
}

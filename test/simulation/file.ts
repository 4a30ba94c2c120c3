import type { WriteFile } from '../../src/watcher/outputs/atomic-write.ts';
import type { Snapshot } from '../../src/watcher/protocol.ts';
import type { SimulatedClock } from './clock.ts';
import { canonical } from './expectation.ts';
import type { Ledger, Report } from './ledger.ts';
import type { Random } from './random.ts';

/** A write takes this long: a disk that is busy, or a process that hardly gets a CPU. */
const WRITE_MS = [0.1, 120] as const;
/** A write begins a second after the one before it at the latest, 5 ms behind the stream. */
const BEHIND_MS = 1000 + 5 + WRITE_MS[1];
const EPSILON_MS = 5;

/** members.json on a simulated disk: what it holds, against what was told on the stream. */
export class SimulatedFile {
  #clock: SimulatedClock;
  #random: Random;
  #ledger: Ledger;
  #report: Report;
  #revision = 0;

  constructor(clock: SimulatedClock, random: Random, ledger: Ledger, report: Report) {
    this.#clock = clock;
    this.#random = random;
    this.#ledger = ledger;
    this.#report = report;
  }

  write: WriteFile = async (_path, text) => {
    const held = [...text].join('');
    const milliseconds = this.#random.between(...WRITE_MS);
    await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, milliseconds));
    this.#judge(JSON.parse(held) as Snapshot);
  };

  /** Whether what was told is in the file by now. */
  probe(): void {
    const { latest } = this.#ledger;
    if (latest === undefined || latest.revision <= this.#revision) return;
    const next = this.#ledger.entry(this.#revision + 1) ?? latest;
    const behind = this.#clock.now() - next.at;
    if (behind > BEHIND_MS + WRITE_MS[1] + EPSILON_MS)
      this.#report('file', `it has been without revision ${next.revision} for ${behind} ms`);
  }

  #judge({ revision, members }: Snapshot): void {
    if (revision < this.#revision) this.#report('file', `revision ${revision} after ${this.#revision}`);
    this.#revision = revision;
    const told = this.#ledger.entry(revision)?.members;
    const same =
      members.length === told?.size && members.every((one) => told.get(one.uid) === canonical(one));
    if (!same) this.#report('file', `revision ${revision} is not what was told`);
  }
}

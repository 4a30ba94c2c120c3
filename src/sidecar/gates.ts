import type { Gate } from '../watcher/outputs/gate.ts';

/** The part of the gate of a group that the gates of all groups are made from. */
export type OneGate = Pick<Gate, 'open' | 'opened' | 'notice' | 'waiting' | 'openedWithin'>;

/** The gates of all groups as one: the application starts when every group is as it is to be. */
export class Gates implements OneGate {
  readonly #gates: readonly OneGate[];

  constructor(gates: readonly OneGate[]) {
    this.#gates = gates;
  }

  get open(): boolean {
    return this.#gates.every(({ open }) => open);
  }

  get opened(): Promise<void> {
    return Promise.all(this.#gates.map(({ opened }) => opened)).then(() => {});
  }

  /** The sentences that say what the application is started without. */
  get notice(): string | undefined {
    return joined(this.#gates.map(({ notice }) => notice));
  }

  get waiting(): string | undefined {
    return joined(this.#gates.map(({ waiting }) => waiting));
  }

  openedWithin(milliseconds: number): boolean {
    return this.open && this.#gates.some((gate) => gate.openedWithin(milliseconds));
  }
}

function joined(sentences: readonly (string | undefined)[]): string | undefined {
  const said = sentences.filter((sentence) => sentence !== undefined);
  return said.length === 0 ? undefined : said.join('; ');
}

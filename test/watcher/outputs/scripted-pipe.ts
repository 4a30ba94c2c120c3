import assert from 'node:assert/strict';
import type { Pipe } from '../../../src/watcher/outputs/readers.ts';
import type { Line } from '../../../src/watcher/protocol.ts';

/** A pipe that has room for as many writes as the test says. */
export class ScriptedPipe implements Pipe {
  destroyed = false;
  ended = false;
  text = '';
  sizes: number[] = [];
  /** The number of writes until it has no more room. */
  room = Number.POSITIVE_INFINITY;
  #listeners: Partial<Record<'drain' | 'close', () => void>> = {};

  write(data: string | Uint8Array): boolean {
    assert.ok(this.room > 0, 'nothing is written where there is no room');
    this.text += typeof data === 'string' ? data : Buffer.from(data).toString();
    this.sizes.push(data.length);
    this.room -= 1;
    return this.room > 0;
  }
  on(event: 'drain' | 'close', listener: () => void): void {
    this.#listeners[event] = listener;
  }
  end(done: () => void): void {
    this.ended = true;
    done();
  }
  destroy(): void {
    this.destroyed = true;
    this.#listeners.close?.();
  }
  drain(room = Number.POSITIVE_INFINITY): void {
    this.room = room;
    this.#listeners.drain?.();
  }
  get lines(): Line[] {
    return this.text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line);
  }
  get types(): string[] {
    return this.lines.map(({ type }) => type);
  }
}

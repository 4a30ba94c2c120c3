/**
 * What happened in the API, and what an application read because of it, in the order of events.
 */

import type { Line } from '../../src/watcher/protocol.ts';
import { type Application, told } from './application.ts';
import { pauseBeforeEvent } from './pace.ts';
import { bold, columns, cyan, dim, INDENT, milliseconds, padded, print, wrapped } from './terminal.ts';

/** The columns of a row: the longest one in practice fits, with its latency at the end. */
const WIDTH = 100;
const LATENCY_WIDTH = 8;
const WHO_WIDTH = 6;
const TIME_WIDTH = 9;

export interface Timeline {
  /** Something happens: `who` does `what` by way of `act`. Resolves once `seen` does, to the ms that it took. */
  event(who: string, what: string, act: () => unknown, seen: () => Promise<unknown>): Promise<number>;
  /** A line that was read before anything happened. */
  show(name: string, line: Line): void;
  /** Shows what the application reads from now on, under its name. */
  follow(name: string, application: Application): void;
}

export function createTimeline(): Timeline {
  const began = performance.now();
  let eventAt = began;

  function row(at: number, who: string, text: string, latency = ''): void {
    const time = dim(`${((at - began) / 1000).toFixed(2)} s`.padEnd(TIME_WIDTH));
    const room = Math.min(columns(), WIDTH) - INDENT.length - TIME_WIDTH - WHO_WIDTH;
    const width = latency === '' ? room : room - LATENCY_WIDTH;
    const end = dim(latency.padStart(LATENCY_WIDTH));
    const [first = '', ...more] = wrapped(text, width);
    print(`${INDENT}${time}${padded(who, WHO_WIDTH)}${latency ? padded(first, width) + end : first}`);
    for (const line of more) print(`${INDENT}${' '.repeat(TIME_WIDTH + WHO_WIDTH)}${line}`);
  }

  return {
    async event(who, what, act, seen) {
      await pauseBeforeEvent();
      eventAt = performance.now();
      row(eventAt, cyan(who), bold(what));
      await act();
      await seen();
      return performance.now() - eventAt;
    },
    show: (name, line) => row(performance.now(), name, told(line) ?? ''),
    follow(name, application) {
      application.onLine((line) => {
        const text = told(line);
        if (text === undefined) return;
        const now = performance.now();
        row(now, name, text, milliseconds(now - eventAt));
      });
    },
  };
}

/** The pace of the demo: as fast as a test, or with --slow so that a talk can go along with it. */
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { dim, INDENT, print } from './terminal.ts';

const slow = isSlow();

function isSlow(): boolean {
  try {
    return parseArgs({ options: { slow: { type: 'boolean', default: false } } }).values.slow;
  } catch (error) {
    console.error(`demo: ${(error as Error).message.split('.')[0]}; there is --slow`);
    process.exit(2);
  }
}

/** The pause in a talk, in which a sentence is read aloud. */
const READ_MS = 3000;
/** Between events, so that no change falls into the sidecar's window for folding (20 ms) by accident. */
const EVENT_PAUSE_MS = slow ? READ_MS : 200;

/** Before something happens that is shown. */
export async function pauseBeforeEvent(): Promise<void> {
  await setTimeout(EVENT_PAUSE_MS);
}

/** After a heading: with --slow somebody at the terminal says when to go on, and elsewhere there is time to read. */
export async function pauseBeforeScene(): Promise<void> {
  if (!slow) return;
  const { stdin, stdout } = process;
  if (!stdin.isTTY || !stdout.isTTY || stdin.readableEnded) return void (await setTimeout(READ_MS));
  print(dim(`${INDENT}(Enter goes on)`));
  stdin.resume();
  // Ctrl-D ends the input, behind which no Enter comes.
  await Promise.race([once(stdin, 'data'), once(stdin, 'end')]);
  stdin.pause();
}

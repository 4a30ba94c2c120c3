/** What the tests of relists and of silent watches share: a stream that says a word each minute. */
import { bookmark, type Call } from '../../support/scripted-api.ts';
import type { Followed } from '../followed-group.ts';

/** Lets this time go by, with a bookmark each minute, so that the watch does not count as half open. */
export async function keepAlive({ clock }: Followed, call: Call, milliseconds: number): Promise<void> {
  for (let left = milliseconds; left > 0; left -= 60_000) {
    call.events(bookmark('101'));
    await clock.advance(Math.min(left, 60_000));
  }
}

/** A watch that notifies a receiver of the test's. */
import type { TestContext } from 'node:test';
import { HttpNotifier } from '../../../src/watcher/outputs/http-notifier.ts';
import { UdpNotifier } from '../../../src/watcher/outputs/udp-notifier.ts';
import type { Member } from '../../../src/watcher/protocol.ts';
import { parseTarget } from '../../../src/watcher/texts/notify-target.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { Recorder } from '../followed-group.ts';
import { RecordedLog } from '../recorded-log.ts';
import { scripted, watchOf } from '../scripted-source.ts';

/** A watch of a scripted source that notifies `url`, on a clock of the test's. */
export function notify(t: TestContext, url: string) {
  const clock = new FakeClock();
  const source = scripted();
  const log = new RecordedLog();
  const recorder = new Recorder();
  const target = parseTarget(url);
  const output =
    target.protocol === 'http:' ? new HttpNotifier(target, clock, log) : new UdpNotifier(target, log);
  t.after(() => output.close());
  const watch = watchOf(source, clock, output, recorder);
  const sync = (...members: Member[]) => source.push({ type: 'replace', parts: new Map([['a', members]]) });
  const set = async (...members: Member[]) => {
    source.push({ type: 'set', key: 'a', members });
    await clock.advance(20);
  };
  const heartbeat = async () => {
    await clock.advance(5000);
    source.push({ type: 'tick' });
    await settle();
  };
  return { clock, source, log, recorder, output, watch, sync, set, heartbeat };
}

/** Gates that hold an application of the test's back. */
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Gate, type GateOptions } from '../../../src/watcher/outputs/gate.ts';
import type { Member } from '../../../src/watcher/protocol.ts';
import { parseWaitCondition } from '../../../src/watcher/texts/wait-condition.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { RecordedLog } from '../recorded-log.ts';
import { member, scripted, watchOf } from '../scripted-source.ts';

/** A gate of a scripted watch, on a clock of the test's: by default it waits for three members. */
export async function guard(t: TestContext, options: Partial<GateOptions> = {}) {
  const directory = await temporaryFolder(t);
  const clock = new FakeClock();
  const log = new RecordedLog();
  const source = scripted();
  const all = {
    condition: parseWaitCondition('3'),
    timeoutMs: 50_000,
    onTimeout: 'continue' as const,
    marker: join(directory, 'm'),
    ...options,
  };
  const gate = new Gate(all, clock, log);
  gate.start();
  const watch = watchOf(source, clock, gate);
  let failure: Error | undefined;
  gate.failed.catch((error: Error) => {
    failure = error;
  });
  const know = async (...ordinals: number[]) => {
    const members = ordinals.map((ordinal) =>
      member(`u${ordinal}`, {
        name: `db-${ordinal}`,
        ordinal,
        ready: false,
        ...(ordinal === 0 ? { self: true } : {}),
      }),
    );
    source.push({ type: 'replace', parts: new Map([['a', members]]) });
    await settle();
    await clock.advance(20);
  };
  const tell = async (members: Member[]) => {
    source.push({ type: 'replace', parts: new Map([['a', members]]) });
    await settle();
    await clock.advance(200);
  };
  return { gate, watch, clock, log, know, tell, options: all, failure: () => failure };
}

export type State = 'ready' | 'waiting' | 'terminating';

/** A member of a StatefulSet: `db(1, 'ready')`. */
export function db(ordinal: number, state: State, more: Partial<Member> = {}): Member {
  const [ready, terminating] = [state === 'ready', state === 'terminating'];
  return member(`u${ordinal}`, {
    name: `db-${ordinal}`,
    ordinal,
    ready,
    serving: ready,
    terminating,
    ...more,
  });
}

export const SELF = { self: true } as const;

export const waits = (condition: string, more: Partial<GateOptions> = {}) => ({
  condition: parseWaitCondition(condition),
  ...more,
});

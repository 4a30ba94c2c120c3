/** Hooks that run scripts of a test, the peers that they are told, and what is left of their processes. */

import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type HookOptions, Hooks } from '../../../src/watcher/outputs/hooks.ts';
import type { Member } from '../../../src/watcher/protocol.ts';
import { soon } from '../../support/eventually.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { Recorder } from '../followed-group.ts';
import { RecordedLog } from '../recorded-log.ts';
import { member, scripted, watchOf } from '../scripted-source.ts';

export const DOMAIN = 'db.default.svc.cluster.local';

export const db = (ordinal: number, fields: Partial<Member> = {}) =>
  member(`u${ordinal}`, { name: `db-${ordinal}`, hostname: `db-${ordinal}.${DOMAIN}`, ordinal, ...fields });

export const lines = (...ordinals: number[]) =>
  ordinals.map((ordinal) => `db-${ordinal}.${DOMAIN}\n`).join('');

/** Waits for the test, but not for ever: a script may outlive a test that is killed. */
export const UNTIL_GO = 'tries=0; until [ -e go ] || [ $((tries += 1)) -gt 1000 ]; do sleep 0.02; done';

interface Scripts {
  /** Bodies of shell scripts; each runs after a line that keeps what came on stdin. */
  onStart?: string;
  onChange?: string;
}

/** Hooks of a scripted watch, on a clock of the test's; the scripts note `HOOK:` and their stdin. */
export async function hook(t: TestContext, scripts: Scripts, options: Partial<HookOptions> = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'rollcall-'));
  const command = async (name: string, body: string | undefined) => {
    if (body === undefined) return undefined;
    const file = join(directory, `${name}.sh`);
    // One write a run, so that what is read is whole.
    const note = `printf '%s:\\n%s\\n' ${name} "$(cat)" >>"${directory}/noted"\n`;
    await writeFile(file, `#!/bin/sh\ncd "${directory}"\n${note}${body}\n`, { mode: 0o755 });
    return [file];
  };
  const clock = new FakeClock();
  const source = scripted();
  const log = new RecordedLog();
  const recorder = new Recorder();
  const onStart = await command('on-start', scripts.onStart);
  const onChange = await command('on-change', scripts.onChange);
  const hooks = new Hooks({ onStart, onChange, ...options }, clock, log);
  /** Lets time pass until all is closed: what was left running is looked for again and again. */
  const closed = async (closing: Promise<void>) => {
    let done = false;
    const finished = closing.finally(() => {
      done = true;
    });
    while (!done) {
      await delay(5);
      await clock.advance(100);
    }
    await finished;
  };
  t.after(async () => {
    await closed(hooks.close());
    await rm(directory, { recursive: true, force: true });
  });
  const watch = watchOf(source, clock, hooks, recorder);
  const noted = () =>
    existsSync(join(directory, 'noted')) ? readFileSync(join(directory, 'noted'), 'utf8') : '';
  return {
    directory,
    clock,
    source,
    log,
    recorder,
    hooks,
    closed,
    watch,
    noted,
    sync: (...members: Member[]) => source.push({ type: 'replace', parts: new Map([['a', members]]) }),
    set: async (...members: Member[]) => {
      source.push({ type: 'set', key: 'a', members });
      await clock.advance(20);
    },
    /** Waits until so many runs have begun and the last of them has ended. */
    ran: (runs: number) => soon(`end of run ${runs}`, () => hooks.runs === runs && !hooks.running),
    file: (name: string) => join(directory, name),
    touch: (name: string) => writeFile(join(directory, name), ''),
  };
}

/** The process runs no more; whether somebody waited for it is another question. */
export function hasEnded(pid: number): boolean {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

/** Children of this process that ended and that nobody waited for. */
export async function zombies(): Promise<string[]> {
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(
    processes.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')),
  );
  return stats.filter((stat) => new RegExp(`\\) Z ${process.pid} `).test(stat));
}

import type { Clock } from '../../src/watcher/clock.ts';
import type { Output } from '../../src/watcher/outputs/output.ts';
import type { Member } from '../../src/watcher/protocol.ts';
import type { SourceEvent } from '../../src/watcher/source.ts';
import { Watch } from '../../src/watcher/watch.ts';

export type ScriptedSource = ReturnType<typeof scripted>;

/** A running watch of a scripted source. */
export function watchOf(source: ScriptedSource, clock: Clock, ...outputs: Output[]): Watch {
  const group = { namespace: 'default', service: 'db' };
  const watch = new Watch({ source: { name: 'endpointslices', ...source }, group, clock });
  for (const output of outputs) watch.add(output);
  void watch.run();
  return watch;
}

/** A source that says what the test pushes, and nothing by itself. */
export function scripted() {
  const queue: SourceEvent[] = [];
  let wake = () => {};
  return {
    push(said: SourceEvent) {
      queue.push(said);
      wake();
    },
    async *events(): AsyncGenerator<SourceEvent, never> {
      for (;;) {
        const next = queue.shift();
        if (next !== undefined) yield next;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
}

export function member(uid: string, fields: Partial<Member> = {}): Member {
  return {
    uid,
    name: uid,
    namespace: 'default',
    addresses: ['10.0.0.1'],
    ports: {},
    ready: true,
    serving: true,
    terminating: false,
    ...fields,
  };
}

/** Sources that get it wrong, as seen between a right one and the watch loop. */

import type { Member, StaleReason } from '../../src/watcher/protocol.ts';
import type { Source, SourceEvent } from '../../src/watcher/source.ts';
import { events } from './rewiring.ts';

export function uidByName(source: Source): Source {
  const uids = new Map<string, string>();
  const known = (member: Member) => {
    if (!uids.has(member.name)) uids.set(member.name, member.uid);
    return { ...member, uid: uids.get(member.name)! };
  };
  return events(source, (event) => {
    if (event.type === 'set') return [{ ...event, members: event.members.map(known) }];
    if (event.type !== 'replace') return [event];
    return [{ ...event, parts: new Map([...event.parts].map(([key, part]) => [key, part.map(known)])) }];
  });
}

export function keepsUnlisted(source: Source): Source {
  let held = new Map<string, readonly Member[]>();
  return events(source, (event) => {
    if (event.type === 'set') held.set(event.key, event.members);
    if (event.type === 'delete') held.delete(event.key);
    if (event.type !== 'replace') return [event];
    held = new Map([...held, ...event.parts]);
    return [{ ...event, parts: new Map(held) }];
  });
}

export function lastSliceOnly(event: SourceEvent): SourceEvent[] {
  if (event.type !== 'set') return [event];
  return [{ type: 'replace', parts: new Map([[event.key, event.members]]) }];
}

export function givesUp(
  source: Source,
  reason: StaleReason,
  forEver: () => AsyncGenerator<SourceEvent, never>,
): Source {
  async function* untilThen(): AsyncGenerator<SourceEvent, never> {
    for await (const event of source.events()) {
      yield event;
      if (event.type === 'failure' && event.reason === reason) break;
    }
    return yield* forEver();
  }
  return { name: source.name, events: untilThen };
}

export function tickedFromOutside(source: Source, timer: () => AsyncGenerator<SourceEvent, never>): Source {
  async function* merged(): AsyncGenerator<SourceEvent, never> {
    const sources = [source.events(), timer()] as const;
    const next = async (index: 0 | 1) => ({ index, event: (await sources[index].next()).value });
    const coming = [next(0), next(1)];
    try {
      for (;;) {
        const { index, event } = await Promise.race(coming);
        coming[index] = next(index);
        yield event;
      }
    } finally {
      await sources[0].return(undefined as never);
    }
  }
  return { name: source.name, events: merged };
}

export function throwsAfter(source: Source): Source {
  let left = 200;
  return events(source, (said) => {
    left -= 1;
    if (left === 0) throw new Error('a fault of our own');
    return [said];
  });
}

/** A part that is not known for sure is left out; which one does not matter here. */
export function withoutUnresolved(event: SourceEvent): SourceEvent[] {
  if (event.type !== 'replace' || event.partial === undefined) return [event];
  return [{ ...event, parts: new Map([...event.parts].slice(1)) }];
}

import type { Install } from '../../inject/plan.ts';
import type { Namespace } from '../../inject/pod.ts';
import type { MembershipEvent } from '../../watcher/membership/membership.ts';
import type { SourceEvent } from '../../watcher/source.ts';
import { type Happened, WatchedGroupView } from './group.ts';
import type { HeldPod } from './held-pod.ts';
import type { HeldSlice } from './lists.ts';
import { groupRow, memberRow, namespaceRow, podRow, type StateClock, viewRow } from './make-rows.ts';
import { DashboardParts } from './parts.ts';
import { type Heard, keyOf, restartsOf, stalenessOf } from './sidecar-news.ts';
import { Tables } from './tables.ts';

/** The most events that are kept. Nobody scrolls further, and the page stays quick. */
const EVENTS = 500;

/**
 * The state of the dashboard: what it knows, and the tables that show it. It is told what a list and watch says and
 * what sidecars answer, and looks at neither network nor clock by itself.
 */
export class DashboardState {
  readonly tables = new Tables();
  readonly groups = new Map<string, WatchedGroupView>();
  readonly sidecars = new Map<string, Map<string, HeldPod>>();
  #install: Install;
  #clock: StateClock;
  #namespaces = new DashboardParts<Namespace>();
  #pods = new DashboardParts<HeldPod>();
  #slices = new DashboardParts<HeldSlice>();
  #podsOf = new Map<string, Set<string>>();
  #slicesOf = new Map<string, Map<string, HeldSlice>>();
  #heard = new Map<string, Heard>();
  /** The uids of the members that the tables show, by group. */
  #shown = new Map<string, Set<string>>();
  #dirtyNamespaces = new Set<string>();
  #dirtyGroups = new Set<string>();
  #events = 0;

  constructor(install: Install, clock: StateClock) {
    this.#install = install;
    this.#clock = clock;
  }

  namespaces(event: SourceEvent<Namespace>): void {
    this.#source('namespaces', event);
    for (const [name] of this.#namespaces.apply(event)) {
      this.#dirtyNamespaces.add(name);
      for (const key of this.#podsOf.get(name) ?? []) this.#putPod(key);
    }
  }

  pods(event: SourceEvent<HeldPod>): void {
    this.#source('pods', event);
    for (const [key, before] of this.#pods.apply(event)) this.#podChanged(key, before);
  }

  slices(event: SourceEvent<HeldSlice>): void {
    this.#source('endpointslices', event);
    const first = event.type === 'replace' && !this.#slices.complete;
    for (const [key, before] of this.#slices.apply(event)) this.#sliceChanged(key, before);
    if (!first) return;
    for (const [key, group] of this.groups) if (isOfService(key)) this.#begin(key, group);
  }

  /** Takes an event of the source of a group by a label selector, which is followed while somebody looks at it. */
  selected(key: string, event: SourceEvent): void {
    this.#source(`pods of ${key}`, event);
    const group = this.groups.get(key);
    if (group === undefined || !isMembership(event)) return;
    this.#happened(key, group.apply(event, this.#clock.now()));
    if (event.type === 'replace' && !group.known) this.#begin(key, group);
    this.#dirtyGroups.add(key);
  }

  /** Takes the answer of a sidecar, or the reason for none. */
  heard(pod: string, heard: Heard): void {
    const group = this.#groupOf(pod);
    if (group === undefined) return;
    const before = this.#heard.get(pod);
    this.#heard.set(pod, heard);
    this.#tellStaleness(pod, group, before, heard);
    this.#putView(pod, group);
  }

  /** Brings the tables up to date with all that was told; what changed often in between is worked out once. */
  settle(): void {
    for (const name of this.#dirtyNamespaces) this.#putNamespace(name);
    for (const key of this.#dirtyGroups) this.#putGroup(key);
    this.#dirtyNamespaces.clear();
    this.#dirtyGroups.clear();
  }

  #source(name: string, event: SourceEvent<unknown>): void {
    if (event.type === 'failure') this.tables.put('sources', name, { name, stale: true, why: event.message });
    else if (event.type === 'fresh') this.tables.put('sources', name, { name, stale: false, why: '' });
  }

  #podChanged(key: string, before: HeldPod | undefined): void {
    const pod = this.#pods.get(key);
    const namespace = (pod ?? before)!.namespace;
    const keysOf = this.#podsOf.get(namespace) ?? new Set();
    this.#podsOf.set(namespace, keysOf);
    this.#dirtyNamespaces.add(namespace);
    const [left, joined] = [keyOf(before), keyOf(pod)];
    if (left !== undefined && left !== joined) this.#sidecarGone(left, key);
    if (before !== undefined && before.uid !== pod?.uid) this.#heard.delete(key);
    if (pod === undefined) {
      keysOf.delete(key);
      this.tables.drop('pods', key);
      return;
    }
    keysOf.add(key);
    if (joined !== undefined) this.#sidecarThere(joined, key, pod);
    if (before?.uid === pod.uid && joined !== undefined) this.#happened(joined, restartsOf(before, pod));
    this.#putPod(key);
  }

  #sidecarThere(groupOf: string, key: string, pod: HeldPod): void {
    const all = this.sidecars.get(groupOf) ?? new Map<string, HeldPod>();
    this.sidecars.set(groupOf, all);
    all.set(key, pod);
    this.#dirtyGroups.add(groupOf);
    if (!this.groups.has(groupOf)) {
      const group = new WatchedGroupView();
      this.groups.set(groupOf, group);
      for (const slice of this.#slicesOf.get(groupOf)?.values() ?? []) {
        group.apply({ type: 'set', key: slice.key, members: slice.members }, this.#clock.now());
      }
      if (this.#slices.complete && isOfService(groupOf)) this.#begin(groupOf, group);
    }
    this.#putView(key, groupOf);
  }

  #sidecarGone(groupOf: string, key: string): void {
    const all = this.sidecars.get(groupOf);
    all?.delete(key);
    this.tables.drop('views', `${groupOf} ${key}`);
    this.#heard.delete(key);
    this.#dirtyGroups.add(groupOf);
  }

  #sliceChanged(key: string, before: HeldSlice | undefined): void {
    const slice = this.#slices.get(key);
    if (before !== undefined && before.group !== slice?.group) {
      this.#slicesOf.get(before.group)?.delete(key);
      this.#change(before.group, { type: 'delete', key: before.key });
    }
    if (slice === undefined) return;
    const all = this.#slicesOf.get(slice.group) ?? new Map<string, HeldSlice>();
    this.#slicesOf.set(slice.group, all);
    all.set(key, slice);
    if (before !== undefined && before.key !== slice.key && before.group === slice.group) {
      this.#change(slice.group, { type: 'delete', key: before.key });
    }
    this.#change(slice.group, { type: 'set', key: slice.key, members: slice.members });
  }

  #change(groupOf: string, event: MembershipEvent): void {
    const group = this.groups.get(groupOf);
    if (group === undefined) return;
    this.#happened(groupOf, group.apply(event, this.#clock.now()));
    this.#dirtyGroups.add(groupOf);
  }

  #begin(key: string, group: WatchedGroupView): void {
    group.begin(this.#clock.now());
    this.#dirtyGroups.add(key);
  }

  #happened(group: string, all: readonly Happened[]): void {
    for (const { what, name, text } of all) {
      const id = ++this.#events;
      this.tables.put('events', `${id}`, { id, at: this.#clock.date().getTime(), group, what, name, text });
      this.tables.drop('events', `${id - EVENTS}`);
    }
  }

  #putNamespace(name: string): void {
    const namespace = this.#namespaces.get(name);
    const pods = [...(this.#podsOf.get(name) ?? [])].map((key) => this.tables.get('pods', key));
    if (namespace === undefined && pods.length === 0) {
      this.tables.drop('namespaces', name);
      return;
    }
    this.tables.put('namespaces', name, namespaceRow(name, namespace, pods));
  }

  #putPod(key: string): void {
    const pod = this.#pods.get(key);
    if (pod === undefined) return;
    this.tables.put('pods', key, podRow(pod, this.#namespaces.get(pod.namespace), this.#install));
  }

  #putGroup(key: string): void {
    const sidecars = this.sidecars.get(key);
    const group = this.groups.get(key);
    if (group === undefined || sidecars === undefined || sidecars.size === 0) {
      this.#dropGroup(key);
      return;
    }
    this.tables.put('groups', key, groupRow(key, group, [...sidecars.values()]));
    this.#putMembers(key, group);
    for (const pod of sidecars.keys()) this.#putView(pod, key);
  }

  #putMembers(key: string, { members }: WatchedGroupView): void {
    for (const member of members.values())
      this.tables.put('members', `${key} ${member.uid}`, memberRow(key, member));
    for (const uid of this.#shown.get(key) ?? []) {
      if (!members.has(uid)) this.tables.drop('members', `${key} ${uid}`);
    }
    this.#shown.set(key, new Set(members.keys()));
  }

  #dropGroup(key: string): void {
    // What the API says of it goes on to be followed: it may come back.
    this.sidecars.delete(key);
    this.tables.drop('groups', key);
    this.tables.drop('sources', `pods of ${key}`);
    for (const uid of this.#shown.get(key) ?? []) this.tables.drop('members', `${key} ${uid}`);
    this.#shown.delete(key);
  }

  #putView(pod: string, group: string): void {
    const held = this.sidecars.get(group)?.get(pod);
    if (held === undefined) return;
    const { truths } = this.groups.get(group)!;
    const row = viewRow(group, held, this.#heard.get(pod), truths, this.#clock);
    this.tables.put('views', `${group} ${pod}`, row);
  }

  #tellStaleness(pod: string, group: string, before: Heard | undefined, heard: Heard): void {
    const { name } = this.sidecars.get(group)!.get(pod)!;
    this.#happened(group, stalenessOf(name, before, heard));
  }

  #groupOf(pod: string): string | undefined {
    return keyOf(this.#pods.get(pod));
  }
}

function isOfService(key: string): boolean {
  return key.split('/')[1] === 'service';
}

function isMembership(event: SourceEvent): event is SourceEvent & MembershipEvent {
  return event.type === 'replace' || event.type === 'set' || event.type === 'delete';
}

/**
 * `rollcall/watcher`: follows a group from within a Node program, without the sidecar. The account
 * of the program must be allowed to list and watch the EndpointSlices or pods of the namespace; the
 * source `dns` needs no account.
 *
 *     const group = await watchGroup({ service: 'db' }).ready();
 *     for await (const { left, joined, members, stale } of group) ...
 */

import { type Clock, systemClock } from '../watcher/clock.ts';
import {
  clusterDomain,
  firstFamily,
  kubernetesApi,
  ownNamespace,
  type UpstreamContext,
  type UpstreamOptions,
} from '../watcher/kubernetes/upstream.ts';
import { type Log, silent } from '../watcher/log.ts';
import { type ExpectedMembers, expectedMembers } from '../watcher/outputs/expected-members.ts';
import type { Output, View } from '../watcher/outputs/output.ts';
import type { Self } from '../watcher/perspective.ts';
import type { Delta, Expected, Group, SourceName, Status } from '../watcher/protocol.ts';
import { SettingFault } from '../watcher/setting-fault.ts';
import type { Source } from '../watcher/source.ts';
import { knowsNoLabels, sourceOf } from '../watcher/sources.ts';
import { type ExpectedFrom, parseExpected } from '../watcher/texts/expected.ts';
import { parseLabelKeys } from '../watcher/texts/label-keys.ts';
import { Watch } from '../watcher/watch.ts';
import { type Feed, FollowedGroup } from './followed-group.ts';
import type { LiveGroup } from './live-group.ts';

export type { Log } from '../watcher/log.ts';
export type { Group, Hello, Member, SourceName, StaleReason } from '../watcher/protocol.ts';
export { SettingFault } from '../watcher/setting-fault.ts';
export type { Source, SourceEvent } from '../watcher/source.ts';
export type {
  GroupChange,
  GroupEvents,
  GroupStaleReason,
  GroupStatus,
} from './group-events.ts';
export type { LiveGroup } from './live-group.ts';

interface FollowOptions extends UpstreamOptions {
  /** Namespace of the group; in a pod, by default its own. */
  namespace?: string | undefined;
  /**
   * `endpointslices` (the default) or `dns` for a service, `pods` for a selector; or a source of your
   * own, which the group is then only named after.
   */
  source?: SourceName | Source | undefined;
  /**
   * How many members there are to be: a number, or the workload whose replicas they are, such as `statefulset db`, of
   * which the account has to be allowed to get the scale. By default nobody says.
   */
  expected?: number | string | undefined;
  /**
   * The keys of the labels that members have from their pods, such as `role`; members then have a `deadline` too. For
   * a service, the account has to be allowed to list and watch pods. By default members have no labels.
   */
  memberLabels?: readonly string[] | undefined;
  /** The identity of this pod, which marks it among the members. The uid is surer than the name. */
  self?: Self | undefined;
  /** DNS domain of the cluster, for hostnames; by default that of /etc/resolv.conf, else `cluster.local`. */
  clusterDomain?: string | undefined;
  /** Closes the group when it aborts. */
  signal?: AbortSignal | undefined;
  /** The log of every failure to follow upstream; by default there is none. */
  log?: Log | undefined;
  /** The User-Agent of the requests, which the audit log of the API server shows. */
  userAgent?: string | undefined;
  /** The clock, which tests replace. */
  clock?: Clock | undefined;
}

/** The members of a service, or the pods that a label selector chooses. */
export type WatchGroupOptions = FollowOptions &
  ({ service: string; selector?: undefined } | { selector: string; service?: undefined });

/**
 * Follows the group until it is closed, which also lets the process end. Throws a `SettingFault`, which names
 * the option, for what only the caller can mend (no server, no namespace, unreadable credentials); a service that is
 * missing or may not be read is `stale` with the reason, and is tried again for ever.
 */
export function watchGroup(options: WatchGroupOptions): LiveGroup {
  const { service, selector, self, signal } = options;
  const clock = options.clock ?? systemClock;
  const log = options.log ?? silent;
  const namespace = options.namespace ?? ownNamespace();
  if (namespace === undefined)
    throw new SettingFault({
      key: 'namespace',
      sentence: 'is missing and this is not a pod',
      remedy: 'give it',
    });
  const group = service === undefined ? { namespace, selector } : { namespace, service };
  const { userAgent = 'rollcall-watcher' } = options;
  const context = { clock, log, userAgent, environment: process.env };
  const watch = new Watch({ source: chosen(group, options, context), group, self, clock, log });
  const expected = expectedMembers(expectedFrom(options.expected), watch, {
    clock,
    log,
    transport: () => kubernetesApi(options, context),
  });
  return new FollowedGroup((feed) => follow(watch, feed, expected), { signal, clock });
}

function chosen(group: Group, options: WatchGroupOptions, context: UpstreamContext): Source {
  const { source = group.service === undefined ? 'pods' : 'endpointslices', self } = options;
  const memberLabels = labelKeys(options.memberLabels);
  if (typeof source !== 'string') {
    if (memberLabels !== undefined) throw knowsNoLabels(memberLabels);
    return source;
  }
  const perspective = {
    group,
    self,
    memberLabels,
    clusterDomain: options.clusterDomain ?? clusterDomain(),
    firstFamily: firstFamily(context.environment),
  };
  return sourceOf(source, perspective, options, context);
}

function labelKeys(given: readonly string[] | undefined): string[] | undefined {
  if (given === undefined || given.length === 0) return undefined;
  return valid('memberLabels', given.join(','), parseLabelKeys);
}

function expectedFrom(given: number | string | undefined): ExpectedFrom | undefined {
  return given === undefined ? undefined : valid('expected', `${given}`, parseExpected);
}

/** Reads an option that is a text. Throws a `SettingFault` with what to give instead. */
function valid<T>(key: 'expected' | 'memberLabels', value: string, parse: (text: string) => T): T {
  try {
    return parse(value);
  } catch (error) {
    throw new SettingFault({ key, value, sentence: 'is not valid', remedy: (error as Error).message });
  }
}

function follow(watch: Watch, feed: Feed, expected: ExpectedMembers | undefined): () => void {
  const stop = new AbortController();
  feed.line(watch.hello());
  watch.add(new FeedOutput(feed));
  watch.run(stop.signal).catch((error: Error) => feed.failed(error));
  if (expected !== undefined) {
    watch.add(expected);
    expected.start();
  }
  return () => {
    stop.abort();
    expected?.close();
  };
}

/** Tells a group in this process what the socket would tell others. */
class FeedOutput implements Output {
  #feed: Feed;

  constructor(feed: Feed) {
    this.#feed = feed;
  }

  synced(view: View): void {
    this.#feed.line(view.snapshot());
    if (view.stale) this.#feed.line(view.status());
  }

  changed(delta: Delta): void {
    this.#feed.line(delta);
  }

  expected(line: Expected): void {
    this.#feed.line(line);
  }

  status(status: Status): void {
    this.#feed.line(status);
  }

  /** Tells why a group is not known yet. The watch tells no status before it is known, but its caller waits for it. */
  heartbeat(_heartbeat: unknown, view: View): void {
    if (view.synced || view.reason === undefined) return;
    this.#feed.status(true, view.reason, view.message);
  }
}

import type { Log } from '../watcher/log.ts';
import type { Output, View } from '../watcher/outputs/output.ts';
import type { Group } from '../watcher/protocol.ts';
import type { Host } from './self.ts';

/** Heartbeats come every 5 s, so the warning comes after 10 s and then once a minute. */
const FIRST_TOLD = 2;
const TOLD_EVERY = 12;

/** Logs why no script runs, for as long as this pod is not among its peers. */
export class Waiting implements Output {
  #group: Group;
  #host: Host;
  #log: Log;
  #beats = 0;

  constructor(group: Group, host: Host, log: Log) {
    this.#group = group;
    this.#host = host;
    this.#log = log;
  }

  heartbeat(_heartbeat: unknown, { members }: View): void {
    this.#beats += 1;
    if ([...members.values()].some(({ self }) => self)) this.#beats = 0;
    if (this.#beats % TOLD_EVERY !== FIRST_TOLD) return;
    this.#log.warn('this pod is not among its peers, no script runs', {
      ...this.#host,
      peers: members.size,
      advice:
        this.#group.selector === undefined
          ? 'a pod that is not ready, as while its init containers run, is listed only with publishNotReadyAddresses: true in the Service'
          : 'give the labels of -selector to this pod too',
    });
  }
}

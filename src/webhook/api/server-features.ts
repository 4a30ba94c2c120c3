import type { Install } from '../../inject/plan.ts';
import type { Log } from '../../log.ts';
import { type Api, sentenceOf } from './api.ts';
import { VERSION } from './paths.ts';

/** What a server may have or not, of all that injection decides by. */
export type Features = Pick<Install, 'nativeSidecars' | 'podResources'>;

/**
 * The minor versions of Kubernetes 1 from which on each is there unasked. No kubelet that goes with an API
 * server of 1.32 is older than 1.29, the first that runs native sidecars; resources of a pod as a whole are
 * kept from 1.34 on.
 */
const SINCE = { nativeSidecars: 32, podResources: 34 } as const satisfies Record<keyof Features, number>;
/** A control plane is upgraded under a webhook that goes on running. */
const ASK_AGAIN_MS = 300_000;

interface VersionInfo {
  major: string;
  minor: string;
  gitVersion: string;
}

/** What the cluster has, by the version of its API server; a gate that somebody turned is not seen. */
export class ServerFeatures {
  #api: Pick<Api, 'get'>;
  #log: Log;
  /** Until it is known, as in the newest cluster. */
  #features: Features = { nativeSidecars: true, podResources: true };
  #version = '';

  constructor(api: Pick<Api, 'get'>, log: Log) {
    this.#api = api;
    this.#log = log;
  }

  get features(): Features {
    return this.#features;
  }

  /** Asks now and every 5 minutes. */
  async start(): Promise<void> {
    // It tells its failures itself, and never rejects.
    setInterval(() => void this.#ask(), ASK_AGAIN_MS).unref();
    await this.#ask();
  }

  async #ask(): Promise<void> {
    try {
      const { major, minor, gitVersion } = await this.#api.get<VersionInfo>(VERSION);
      this.#features = featuresOf(major, minor);
      if (gitVersion === this.#version) return;
      this.#version = gitVersion;
      this.#log.info('version of the API server', { version: gitVersion, ...this.#features });
    } catch (error) {
      this.#log.warn('version of the API server not known', { error: sentenceOf(error) });
    }
  }
}

/** Some providers write "31+". */
export function featuresOf(major: string, minor: string): Features {
  const isSince = (version: number) =>
    Number.parseInt(major, 10) > 1 || Number.parseInt(minor, 10) >= version;
  return { nativeSidecars: isSince(SINCE.nativeSidecars), podResources: isSince(SINCE.podResources) };
}

/** What a setting says of a feature; `auto` leaves it to the version of the server. */
export type Choice = 'auto' | 'true' | 'false';

/** The features that injection counts on: what the settings choose, else what the server has. */
export function withChoices(features: Features, choices: Record<keyof Features, Choice>): Features {
  const one = (name: keyof Features) =>
    choices[name] === 'auto' ? features[name] : choices[name] === 'true';
  return { nativeSidecars: one('nativeSidecars'), podResources: one('podResources') };
}

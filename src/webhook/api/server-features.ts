import type { Install } from '../../inject/plan.ts';
import type { Log } from '../../log.ts';
import { type Api, sentenceOf } from './api.ts';
import { VERSION } from './paths.ts';

/** The features of a cluster that injection depends on. */
export type Features = Pick<Install, 'nativeSidecars' | 'podResources'>;

/**
 * The minor version of Kubernetes 1 from which each feature is on by default. A kubelet beside an API server
 * of 1.32 is at least of 1.29, the first that runs native sidecars by default; an API server keeps pod-level
 * resources from 1.34 on.
 */
const SINCE = { nativeSidecars: 32, podResources: 34 } as const satisfies Record<keyof Features, number>;
/** The pause between two questions, since a control plane may be upgraded while the webhook runs. */
const ASK_AGAIN_MS = 300_000;

interface VersionInfo {
  major: string;
  minor: string;
  gitVersion: string;
}

/**
 * Derives the features of the cluster from the version of its API server. It does not see feature gates that
 * somebody has set.
 */
export class ServerFeatures {
  #api: Pick<Api, 'get'>;
  #log: Log;
  /** Until the version is known, the newest one is assumed. */
  #features: Features = { nativeSidecars: true, podResources: true };
  #version = '';

  constructor(api: Pick<Api, 'get'>, log: Log) {
    this.#api = api;
    this.#log = log;
  }

  get features(): Features {
    return this.#features;
  }

  /** Asks for the version now, and again every 5 minutes. */
  async start(): Promise<void> {
    // `#ask` logs its failures and never rejects.
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

/** Returns the features of a version. Some providers write the minor version as "31+". */
export function featuresOf(major: string, minor: string): Features {
  const isSince = (version: number) =>
    Number.parseInt(major, 10) > 1 || Number.parseInt(minor, 10) >= version;
  return { nativeSidecars: isSince(SINCE.nativeSidecars), podResources: isSince(SINCE.podResources) };
}

/** The value of a setting for a feature; `auto` leaves it to the version of the API server. */
export type Choice = 'auto' | 'true' | 'false';

/**
 * Returns the features that injection counts on: those that the settings choose, else those of the server.
 */
export function withChoices(features: Features, choices: Record<keyof Features, Choice>): Features {
  const one = (name: keyof Features) =>
    choices[name] === 'auto' ? features[name] : choices[name] === 'true';
  return { nativeSidecars: one('nativeSidecars'), podResources: one('podResources') };
}

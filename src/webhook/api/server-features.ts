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
  /** The number of the major version, and of the minor one. */
  major: number;
  minor: number;
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
      const { major, minor, gitVersion } = parseVersion(await this.#api.get<unknown>(VERSION));
      this.#features = featuresOf(major, minor);
      if (gitVersion === this.#version) return;
      this.#version = gitVersion;
      this.#log.info('version of the API server', { version: gitVersion, ...this.#features });
    } catch (error) {
      this.#log.warn('version of the API server not known', { error: sentenceOf(error) });
    }
  }
}

/** Reads what an API server says of its version. Throws when it says none. Some providers write the minor one as "31+". */
function parseVersion(answer: unknown): VersionInfo {
  const { major, minor, gitVersion } = (answer ?? {}) as Partial<Record<keyof VersionInfo, unknown>>;
  const [first, second] = [major, minor].map((text) => Number.parseInt(String(text), 10));
  if (Number.isNaN(first) || Number.isNaN(second))
    throw new Error('the answer has no major and minor version in it');
  return { major: first!, minor: second!, gitVersion: String(gitVersion ?? `v${first}.${second}`) };
}

/** Returns the features of a version, such as 1 and 34. */
export function featuresOf(major: number, minor: number): Features {
  const isSince = (version: number) => major > 1 || minor >= version;
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

import type { Log } from '../log.ts';
import { type Api, sentenceOf } from './api.ts';
import { VERSION } from './paths.ts';

/**
 * From this minor version on no kubelet that goes with the API server is older than 1.29, the first
 * that runs native sidecars unasked.
 */
const NATIVE_MINOR = 32;
/** A control plane is upgraded under a webhook that goes on running. */
const ASK_AGAIN_MS = 300_000;

interface VersionInfo {
  major: string;
  minor: string;
  gitVersion: string;
}

/** Whether the cluster runs native sidecars, by the version of its API server. */
export class NativeSidecars {
  #api: Pick<Api, 'get'>;
  #log: Log;
  /** Until it is known, as in every cluster that is supported. */
  #supported = true;
  #version = '';

  constructor(api: Pick<Api, 'get'>, log: Log) {
    this.#api = api;
    this.#log = log;
  }

  get supported(): boolean {
    return this.#supported;
  }

  /** Asks now and every 5 minutes. */
  async start(): Promise<void> {
    setInterval(() => void this.#ask(), ASK_AGAIN_MS).unref();
    await this.#ask();
  }

  async #ask(): Promise<void> {
    try {
      const { major, minor, gitVersion } = await this.#api.get<VersionInfo>(VERSION);
      // Some providers write "31+".
      this.#supported = Number.parseInt(major, 10) > 1 || Number.parseInt(minor, 10) >= NATIVE_MINOR;
      if (gitVersion === this.#version) return;
      this.#version = gitVersion;
      this.#log.info('version of the API server', { version: gitVersion, nativeSidecars: this.#supported });
    } catch (error) {
      this.#log.warn('version of the API server not known', { error: sentenceOf(error) });
    }
  }
}

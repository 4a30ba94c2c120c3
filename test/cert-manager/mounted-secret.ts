/** A Secret in a directory, as a kubelet mounts it: all files change at once, by the renaming of one link. */

import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ControlPlane } from '../support/control-plane.ts';

/** The pause between two looks at the Secret. A kubelet takes up to two minutes, which nobody has to wait for here. */
const EVERY_MS = 200;

export class MountedSecret {
  readonly directory: string;
  readonly #plane: ControlPlane;
  readonly #path: string;
  readonly #looking: Promise<void>;
  #version = '';
  #states = 0;
  #ended = false;

  static async mount(plane: ControlPlane, namespace: string, name: string): Promise<MountedSecret> {
    const directory = await mkdtemp(join(tmpdir(), 'rollcall-mounted-'));
    return new MountedSecret(plane, directory, `/api/v1/namespaces/${namespace}/secrets/${name}`);
  }

  private constructor(plane: ControlPlane, directory: string, path: string) {
    this.directory = directory;
    this.#plane = plane;
    this.#path = path;
    this.#looking = this.#look();
  }

  /** Whether the Secret has been there once: a kubelet starts no pod before that. */
  get mounted(): boolean {
    return this.#states > 0;
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#looking;
    await rm(this.directory, { recursive: true });
  }

  /** A Secret that is gone leaves its last files, as it does in a running pod. */
  async #look(): Promise<void> {
    for (; !this.#ended; await delay(EVERY_MS)) {
      const { status, body } = await this.#plane.request('GET', this.#path);
      if (status !== 200 || body.metadata.resourceVersion === this.#version) continue;
      await this.#swap(body.data);
      this.#version = body.metadata.resourceVersion;
    }
  }

  async #swap(data: Record<string, string>): Promise<void> {
    const state = `..${this.#states}`;
    await mkdir(join(this.directory, state));
    for (const [name, text] of Object.entries(data)) {
      await writeFile(join(this.directory, state, name), Buffer.from(text, 'base64'));
      if (this.#states === 0) await symlink(join('..data', name), join(this.directory, name));
    }
    await symlink(state, join(this.directory, '..tmp'));
    await rename(join(this.directory, '..tmp'), join(this.directory, '..data'));
    this.#states += 1;
  }
}

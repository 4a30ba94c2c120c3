/** An issuer in the place of cert-manager: it issues into files, as they are mounted, and writes the bundles. */

import { X509Certificate } from 'node:crypto';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ControlPlane } from '../support/control-plane.ts';
import { pair } from '../webhook/certificates/pairs.ts';

const ANNOTATION = 'cert-manager.io/inject-ca-from';
const authority = await pair({ name: 'issuer-ca', ca: true });

export class Issuer {
  /** The certificate of the CA, in the form in which all published ones are written. */
  readonly ca = new X509Certificate(authority.cert).toString();
  cert = '';
  readonly #plane: ControlPlane;
  readonly #configuration: string;
  readonly #directory: string;
  #states = 0;
  #injecting: Promise<void>;
  #ended = false;

  /** cainjector runs from here on, and writes where it is told to. */
  constructor(plane: ControlPlane, configuration: string, directory: string) {
    this.#plane = plane;
    this.#configuration = configuration;
    this.#directory = directory;
    this.#injecting = this.#inject();
  }

  get files() {
    const at = (name: string) => join(this.#directory, name);
    return { cert: at('tls.crt'), key: at('tls.key'), ca: at('ca.crt') };
  }

  /** The next certificate of the same CA, which a kubelet brings by renaming one link. */
  async issue(): Promise<void> {
    const { cert, key } = await pair({ signedBy: authority });
    const state = `..${this.#states}`;
    await mkdir(join(this.#directory, state));
    for (const [name, text] of Object.entries({ 'tls.crt': cert, 'tls.key': key, 'ca.crt': this.ca })) {
      await writeFile(join(this.#directory, state, name), text);
      if (this.#states === 0) await symlink(join('..data', name), join(this.#directory, name));
    }
    await symlink(state, join(this.#directory, '..tmp'));
    await rename(join(this.#directory, '..tmp'), join(this.#directory, '..data'));
    this.#states += 1;
    this.cert = new X509Certificate(cert).toString();
  }

  annotate(): Promise<unknown> {
    return this.#write({ metadata: { annotations: { [ANNOTATION]: 'rollcall-system/rollcall' } } });
  }

  /** The annotation is taken away again. */
  leave(): Promise<unknown> {
    return this.#write({ metadata: { annotations: { [ANNOTATION]: null } } });
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#injecting;
    await rm(this.#directory, { recursive: true });
  }

  /** Whatever the bundle was, it is replaced by the CA alone, at once. */
  async #inject(): Promise<void> {
    for (; !this.#ended; await delay(50)) {
      const { metadata, webhooks } = await this.#plane.must('GET', this.#configuration);
      if (metadata.annotations?.[ANNOTATION] === undefined) continue;
      const caBundle = Buffer.from(this.ca).toString('base64');
      const others = (webhooks as { name: string; clientConfig: { caBundle?: string } }[]).filter(
        ({ clientConfig }) => clientConfig.caBundle !== caBundle,
      );
      if (others.length === 0) continue;
      await this.#write({ webhooks: others.map(({ name }) => ({ name, clientConfig: { caBundle } })) });
    }
  }

  #write(change: object): Promise<unknown> {
    const type = 'application/strategic-merge-patch+json';
    return this.#plane.must('PATCH', this.#configuration, change, { 'content-type': type });
  }
}

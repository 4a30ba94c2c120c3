/** An issuer in the place of cert-manager: it issues into files, as they are mounted, and writes the bundles. */

import { X509Certificate } from 'node:crypto';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CaInjector } from '../support/ca-injector.ts';
import type { ControlPlane } from '../support/control-plane.ts';
import { pair } from '../webhook/certificates/pairs.ts';

const authority = await pair({ name: 'issuer-ca', ca: true });

export class Issuer {
  /** The certificate of the CA, in the form in which all published ones are written. */
  readonly ca = new X509Certificate(authority.cert).toString();
  cert = '';
  readonly #directory: string;
  readonly #injector: CaInjector;
  #states = 0;

  /** cainjector runs from here on, and writes where it is told to. */
  constructor(plane: ControlPlane, configuration: string, directory: string) {
    this.#directory = directory;
    this.#injector = new CaInjector((...request) => plane.must(...request), configuration, this.ca);
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
    return this.#injector.annotate('rollcall-system/rollcall');
  }

  /** The annotation is taken away again. */
  leave(): Promise<unknown> {
    return this.#injector.annotate(null);
  }

  async end(): Promise<void> {
    await this.#injector.end();
    await rm(this.#directory, { recursive: true });
  }
}

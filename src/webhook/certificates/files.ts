import { createPrivateKey, X509Certificate } from 'node:crypto';
import { open } from 'node:fs/promises';
import { chainIn, PEM_LIMIT } from './pem.ts';
import type { CertificateSource, CertificateStanding, KeyPair, Material } from './source.ts';

/**
 * The number of times that the two files are read at one look. A kubelet swaps all files of a volume at once, so
 * a second time is enough; the third is for a machine that is slow.
 */
const ATTEMPTS = 3;

export interface PairFiles {
  cert: string;
  key: string;
}

/**
 * Takes the pair from two files that somebody else renews, such as a mounted Secret of cert-manager. They are read
 * again at each look. What API servers trust is somebody else's to write, too: the pair is served once every entry
 * of the configuration trusts it, and until then the last one.
 */
export class CertificateFiles implements CertificateSource {
  readonly advice: string;
  #files: PairFiles;

  constructor(files: PairFiles, advice: string) {
    this.#files = files;
    this.advice = advice;
  }

  async look({ published }: CertificateStanding): Promise<Material> {
    const pair = await this.#pair();
    return { pair, trusted: await published() };
  }

  /** A volume may be swapped between the two reads, and then they do not belong together. */
  async #pair(): Promise<KeyPair> {
    const { cert, key } = this.#files;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const pair = chainIn({ cert: await textOf(cert), key: await textOf(key) }, this.#files);
      if (new X509Certificate(pair.cert).checkPrivateKey(createPrivateKey(pair.key))) return pair;
    }
    throw new Error(`the key in ${key} is not that of the certificate in ${cert}`);
  }
}

async function textOf(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const buffer = Buffer.alloc(PEM_LIMIT + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length);
      length += bytesRead;
      if (length > PEM_LIMIT) throw new Error(`${file} has more than ${PEM_LIMIT} bytes`);
      if (bytesRead === 0) return buffer.toString('utf8', 0, length);
    }
  } finally {
    await handle.close();
  }
}

import type { WatchedFile } from '../authentication/watched-file.ts';
import { certificatesIn } from './pem.ts';
import type { CertificateSource } from './source.ts';

/**
 * Returns a source whose certificates are trusted together with those of a file. While the source of certificates
 * changes, replicas of the one and of the other serve at the same time, and API servers have to trust both.
 */
export function alsoTrusting(source: CertificateSource, file: WatchedFile): CertificateSource {
  return {
    async look(standing) {
      await file.look();
      const { pair, trusted } = await source.look(standing);
      return { pair, trusted: [...new Set([...trusted, ...certificatesIn(file.current)])] };
    },
  };
}

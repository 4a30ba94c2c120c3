/** A private key and the one certificate for it, each as PEM. */
export interface KeyPair {
  cert: string;
  key: string;
}

/** What is to be served, and what API servers must trust for it. */
export interface Material {
  pair: KeyPair;
  /**
   * Certificates, one PEM text each: all of them are published together. They cover `pair` and, while
   * it is being replaced, what other replicas may still serve or will serve soon.
   */
  trusted: readonly string[];
}

/** What a source may want to know about this replica. */
export interface Standing {
  /** What is trusted at this moment. It covers what any replica serves, whatever became of its source. */
  published(): Promise<readonly string[]>;
  /**
   * How many looks in a row, after the first, found this certificate in every entry of the configuration.
   * They are a minute apart, so that this is a time which no clock can get wrong.
   */
  looksTrusted(cert: string): number;
}

/**
 * Where certificates come from. There is one source today, which issues its own (self-managed.ts);
 * cert-manager's Secrets or files of a volume would be others.
 *
 * `look` is called at the start, then about once a minute, never twice at a time, and says what is right
 * now. It may read, issue and store for that. It must return what is stored where all replicas see it:
 * no replica may be given a pair that the others do not trust. It rejects when it has no answer, which
 * is logged and counted; what is served stays. It need not notice every bad pair: whoever calls tries
 * each answer by a handshake before it publishes or serves any of it, and publishes before it serves.
 */
export interface CertificateSource {
  look(standing: Standing): Promise<Material>;
}

/** A certificate and its private key, each as a PEM text. */
export interface KeyPair {
  cert: string;
  key: string;
}

/** The pair to serve, and the certificates that API servers must trust for it. */
export interface Material {
  pair: KeyPair;
  /**
   * The certificates to publish, one PEM text each. They cover `pair` and, while it is being replaced, what
   * other replicas may still serve or will serve soon.
   */
  trusted: readonly string[];
}

/** The facts about this replica that a source may need. */
export interface CertificateStanding {
  /**
   * Returns the certificates that are trusted now. They cover what any replica serves, whatever has become of
   * its source.
   */
  published(): Promise<readonly string[]>;
  /**
   * Returns how many looks in a row, after the first, found this certificate in every entry of the
   * configuration. Looks are a minute apart, so this measures time without trust in a clock.
   */
  looksTrusted(cert: string): number;
  /**
   * Whether this look comes before its minute is over, because a client did not trust the served certificate. It counts
   * for no time: anybody can say that he does not trust it.
   */
  early: boolean;
}

/**
 * A source of certificates: the webhook itself (self-managed.ts), or files that somebody else renews, such as
 * cert-manager (files.ts).
 *
 * `look` is called at the start, then about once a minute and now and then early, never twice at a time, and returns what is to
 * be served now. It may read, issue and store for that. It must return what is stored where all replicas see
 * it, since no replica may serve a pair that the others do not trust. It rejects when it has no answer; this
 * is logged and counted, and the served pair stays. It need not notice every bad pair: the caller tries each
 * answer by a handshake before it publishes or serves any of it, and publishes before it serves.
 */
export interface CertificateSource {
  /** Advice to people for a pair that can't be used. A source that mends such a pair itself has none. */
  readonly advice?: string;
  look(standing: CertificateStanding): Promise<Material>;
}

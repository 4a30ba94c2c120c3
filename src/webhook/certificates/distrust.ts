/** The alerts of TLS by which a client says that it does not trust a certificate: Go sends the first, OpenSSL the second. */
const ALERTS = /_ALERT_(BAD_CERTIFICATE|UNKNOWN_CA)$/;

/** Tells whether a handshake has failed because the client does not trust the certificate. */
export function isDistrust(error: NodeJS.ErrnoException): boolean {
  return ALERTS.test(error.code ?? '');
}

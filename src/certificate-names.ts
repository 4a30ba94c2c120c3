/** The names around the webhook's certificates that both the webhook and the command line use. */

/** The Secret in which a webhook that manages its own certificates keeps them. */
export const SECRET_NAME = 'rollcall-tls';
/**
 * The annotation of that Secret by which somebody asks for a renewal: the SHA-256 fingerprint of the certificate to
 * replace. Once that one is replaced it asks for nothing any more.
 */
export const RENEW_ANNOTATION = 'rollcall.dev/renew';
/** The directory at which a certificate of another source is mounted. */
export const TLS_DIRECTORY = '/etc/rollcall/tls';

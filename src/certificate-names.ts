/** What the webhook and the command line both call the parts of its certificates. */

/** The Secret in which a webhook that manages its own certificates keeps them. */
export const SECRET_NAME = 'rollcall-tls';
/**
 * The annotation of that Secret by which somebody asks for a renewal: the SHA-256 fingerprint of the certificate to
 * replace. Once that one is replaced it asks for nothing any more.
 */
export const RENEW_ANNOTATION = 'rollcall.dev/renew';
/** Where a certificate of somebody else is mounted. */
export const TLS_DIRECTORY = '/etc/rollcall/tls';

/**
 * The library that issues certificates. It has a file of its own, which is imported when a certificate is
 * needed: a dynamic import of the CommonJS package itself would have no named exports in the bundle, only a
 * default one.
 */
export { generate } from 'selfsigned';

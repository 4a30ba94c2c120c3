/**
 * What issues certificates, in a file of its own that is imported when one is needed. Imported by itself at that
 * moment, a CommonJS package has no names in the bundle, only a default.
 */
export { generate } from 'selfsigned';

import { isIP } from 'node:net';

/**
 * The grammar of texts of the API, by its own rules (k8s.io/apimachinery, util/validation). A text that
 * fits one of these has neither a space nor a control character, so it is safe in any line of text.
 */

export const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
export const SUBDOMAIN = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;
export const LABEL_VALUE = /^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;
/** Today's uids are UUIDs; the API promises no more than that a uid is opaque. */
const UID = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,252}$/;

/** Returns whether a text is a DNS-1123 label, as names of namespaces, hosts and ports are. */
export function isDnsLabel(text: string): boolean {
  return LABEL.test(text);
}

/** Returns whether a text is a DNS-1123 subdomain, as names of pods and nodes are. */
export function isDnsSubdomain(text: string): boolean {
  return text.length <= 253 && SUBDOMAIN.test(text);
}

/** Returns whether a text may be the value of a label, as zones are. */
export function isLabelValue(text: string): boolean {
  return LABEL_VALUE.test(text);
}

/** Returns whether a text is a time by RFC 3339, as the API writes them. */
export function isTimestamp(text: string): boolean {
  return TIMESTAMP.test(text) && !Number.isNaN(Date.parse(text));
}

export function isUid(text: string): boolean {
  return UID.test(text);
}

/** Returns whether a text is an IP address of either family, without a zone: that has a meaning on one node only. */
export function isAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes('%');
}

export function isPort(number: number): boolean {
  return Number.isInteger(number) && number > 0 && number <= 65_535;
}

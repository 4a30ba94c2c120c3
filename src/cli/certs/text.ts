import { visible } from '../../visible.ts';
import { type CheckCode, codes } from '../check/codes.ts';
import type { CertificateStatus, ToldCertificate } from './status.ts';

const SERVES = {
  current: 'serves it',
  next: 'serves the next one',
  former: 'serves the one before, which is trusted until all have changed',
  another: 'serves another one',
  unknown: 'does not say what it serves',
} as const;

const DOES = {
  'self-managed': 'self-managed: the webhook issues, renews and publishes it',
  files: 'files: somebody else renews and publishes it',
  'cert-manager': 'cert-manager renews and publishes it',
  unknown: 'not known',
} as const;

/** Returns a failure as text: a line for the message, and one for the page of the docs where a code has one. */
export function failureText(message: string, code?: CheckCode): string {
  return [`FAIL  ${visible(message)}`, ...(code === undefined ? [] : [`      ${codes[code].page}`])].join(
    '\n',
  );
}

/** Returns the status as text, with a line for each fact. */
export function textOf(status: CertificateStatus): string {
  const { source, secret, certificate, next, trustedBy, notTrustedBy, injectedFrom, replicas } = status;
  const rows: [string, string][] = [
    ['source', DOES[source]],
    ['secret', secret ?? 'none: what is mounted is no Secret'],
    ['certificate', certificate ? described(certificate) : 'can not be read'],
    ...(next ? [['next', described(next)] satisfies [string, string]] : []),
    ...(status.renewalAsked ? [['renewal', 'asked for'] satisfies [string, string]] : []),
    ...(certificate && trustedBy.length + notTrustedBy.length > 0
      ? [['trusted by', trustedBy.join(', ') || 'no entry'] satisfies [string, string]]
      : []),
    ...notTrustedBy.map((name): [string, string] => ['not by', name]),
    ...(injectedFrom === undefined
      ? []
      : [['bundle', `of the Certificate ${injectedFrom}`] satisfies [string, string]]),
    ...replicas.map(({ name, ready, serves, notAfter }): [string, string] => [
      'replica',
      `${name} ${SERVES[serves]}${serves === 'another' ? `, until ${notAfter}` : ''}${ready ? '' : ' (not ready)'}`,
    ]),
    ...status.unread.map((what): [string, string] => ['unread', what]),
  ];
  const lines = rows.map(([name, text]) => visible(`${name.padEnd(13)}${text}`));
  const problems = status.problems.map(({ code, message }) => failureText(message, code));
  const well = status.unread.length === 0 ? 'All is well.' : 'Nothing wrong was found in what could be read.';
  const end = problems.length === 0 ? well : problems.join('\n');
  return `${lines.join('\n')}\n\n${end}\n`;
}

function described({ subject, notAfter, daysLeft, fingerprint }: ToldCertificate): string {
  return `${subject}, until ${notAfter} (${daysLeft} days), ${fingerprint.slice(0, 23)}...`;
}

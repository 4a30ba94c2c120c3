/** Every public key: what users write on pods and namespaces, and the one that we write. */

export interface Key<T> {
  key: string;
  on: 'pod' | 'namespace';
  kind: 'annotation' | 'label';
  doc: string;
  example: string;
  /** Throws a message that says what to write instead. */
  parse(text: string): T;
}

function boolean(text: string): boolean {
  if (text === 'true') return true;
  if (text === 'false') return false;
  throw new Error('write "true" or "false"');
}

function serviceName(text: string): string {
  if (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text)) return text;
  throw new Error(
    'write the name of a Service in the namespace of the pod: at most 63 lower-case letters, digits and "-"',
  );
}

export const keys = {
  inject: {
    key: 'rollcall.dev/inject',
    on: 'pod',
    kind: 'annotation',
    doc: 'whether this pod gets the sidecar; decides over the label of the namespace',
    example: 'true',
    parse: boolean,
  },
  service: {
    key: 'rollcall.dev/service',
    on: 'pod',
    kind: 'annotation',
    doc: 'the Service whose endpoints are the group; without it, the subdomain of the pod',
    example: 'db',
    parse: serviceName,
  },
  status: {
    key: 'rollcall.dev/status',
    on: 'pod',
    kind: 'annotation',
    doc: 'written at injection: version, service and how the account was chosen; never read',
    example: '{"version":"0.1.0","service":"db","account":"scoped"}',
    parse: (text: string) => text,
  },
  injection: {
    key: 'rollcall.dev/injection',
    on: 'namespace',
    kind: 'label',
    doc: '"enabled" gives every pod of the namespace the sidecar, where the pod does not say otherwise',
    example: 'enabled',
    parse: (text: string) => text === 'enabled',
  },
} as const satisfies Record<string, Key<unknown>>;

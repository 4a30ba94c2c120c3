/** The options of `rollcall webhook`: what the installation decides for all pods, and how the webhook is reached. */
import { SECRET_NAME, TLS_DIRECTORY } from './certificate-names.ts';
import type { Config, SettingsTable } from './setting.ts';
import { dnsLabel, integer, oneOf, secretName, text } from './values.ts';
import { LOG_LEVELS } from './watcher/log.ts';

export const webhookSettings = {
  port: {
    value: 'PORT',
    doc: 'port for HTTPS',
    note: '`0` takes any free port',
    default: '8443',
    parse: integer(0, 65535),
  },
  namespace: {
    value: 'NAME',
    doc: 'namespace that the webhook runs in',
    default: 'rollcall-system',
    parse: dnsLabel,
  },
  service: { value: 'NAME', doc: 'Service in front of the webhook', default: 'rollcall', parse: dnsLabel },
  image: { value: 'IMAGE', doc: 'image of the sidecar', required: true, parse: text },
  shellImage: {
    value: 'IMAGE',
    doc: 'image of a sidecar that runs commands; `npm run image:shell` makes one',
    parse: text,
  },
  imagePullSecret: {
    value: 'NAME',
    doc: 'Secret that pulls these images; injected pods name it, and it has to be in their namespaces',
    repeated: true,
    parse: secretName,
  },
  default: {
    value: 'KEY=VALUE',
    doc: 'annotation that counts for a pod where neither the pod nor its namespace has it, such as `rollcall.dev/cpu-request=20m`',
    repeated: true,
    parse: text,
  },
  nativeSidecars: {
    value: 'auto|true|false',
    doc: 'whether the cluster has native sidecars; `auto` goes by the version of the API server',
    default: 'auto',
    parse: oneOf('auto', 'true', 'false'),
  },
  podResources: {
    value: 'auto|true|false',
    doc: 'whether the cluster keeps resources of a pod as a whole (feature gate `PodLevelResources`); `auto` goes by the version of the API server',
    default: 'auto',
    parse: oneOf('auto', 'true', 'false'),
  },
  logLevel: {
    value: 'LEVEL',
    doc: 'level of the log: `debug`, `info`, `warn` or `error`; messages below it are left out, `info` tells every review, and `debug` has no more than `info`',
    default: 'info',
    parse: oneOf(...LOG_LEVELS),
  },
  configuration: {
    value: 'NAME',
    doc: 'MutatingWebhookConfiguration that the certificates are published in',
    default: 'rollcall',
    parse: text,
  },
  secret: { value: 'NAME', doc: 'Secret that keeps the certificates', default: SECRET_NAME, parse: text },
  certificates: {
    value: 'self-managed|files|cert-manager',
    doc: 'where the certificate comes from: `self-managed`, the webhook issues and publishes it; `files`, it is read from files, and somebody else writes what API servers trust; `cert-manager`, the same, and that somebody is its cainjector',
    default: 'self-managed',
    parse: oneOf('self-managed', 'files', 'cert-manager'),
  },
  tlsCertFile: {
    value: 'FILE',
    doc: 'certificate, with those that signed it behind it; read again each minute',
    note: 'it counts for `files` and `cert-manager`',
    default: `${TLS_DIRECTORY}/tls.crt`,
    parse: text,
  },
  tlsKeyFile: {
    value: 'FILE',
    doc: 'key of that certificate',
    note: 'it counts for `files` and `cert-manager`',
    default: `${TLS_DIRECTORY}/tls.key`,
    parse: text,
  },
  tlsCaFile: {
    value: 'FILE',
    doc: 'CA that API servers are told to trust as well, while the source of certificates changes',
    note: 'it counts for `self-managed`',
    parse: text,
  },
  kubeconfig: { value: 'FILE', doc: 'kubeconfig; in a pod, its service account', parse: text },
  clientCaFile: {
    value: 'FILE',
    doc: 'CA of the certificates that callers must have; by default every caller may ask',
    parse: text,
  },
  clientName: {
    value: 'NAME',
    doc: 'common name that callers may have; by default every name',
    note: 'it needs `--client-ca-file`',
    repeated: true,
    parse: text,
  },
  callerToken: {
    value: 'verify|require',
    doc: 'what to do with the token of an API server (alpha in Kubernetes 1.37): `verify` refuses a wrong one, `require` also refuses a caller who has none',
    default: 'verify',
    parse: oneOf('verify', 'require'),
  },
} as const satisfies SettingsTable;

export type WebhookConfig = Config<typeof webhookSettings>;

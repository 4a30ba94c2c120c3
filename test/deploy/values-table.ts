/** The values of the Helm chart: the one table behind values.yaml, its schema and its page. */

import { formsOf } from '../../src/forms.ts';
import { GIVEN } from '../../src/inject/defaults.ts';
import { webhookSettings } from '../../src/injector-options.ts';
import { kebabCase } from '../../src/setting.ts';
import { familyPattern, formsSchema } from './forms-schema.ts';

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** A value of the chart. */
export interface ChartValue {
  /** The name, with a dot between a group and its member. */
  path: string;
  default: Json;
  /** JSON Schema, draft 7. */
  schema: { readonly [key: string]: Json };
  /** Sentences for whoever sets it. */
  doc: string;
}

const text = { type: 'string' };
const flag = { type: 'boolean' };
const texts = { type: 'array', items: text };
const labels = { type: 'object', additionalProperties: text };
const objects = { type: 'array', items: { type: 'object' } };
const oneOf = (...values: string[]) => ({ type: 'string', enum: values });
const namespaceName = { type: 'string', pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', maxLength: 63 };
const secretName = { type: 'string', pattern: '^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$', maxLength: 253 };
const spread = oneOf('ScheduleAnyway', 'DoNotSchedule');
const port = (minimum: number) => ({ type: 'integer', minimum, maximum: 65535 });

/** The annotations that an installation may give, by whether a name of the user's is behind the key. */
const families = GIVEN.filter(({ key }) => key.endsWith('.'));
const singles = GIVEN.filter(({ key }) => !key.endsWith('.'));
/** One argument: a flag of the webhook, alone or with its value, or the value of the flag before. */
const FLAG = `^(--(${Object.keys(webhookSettings).map(kebabCase).join('|')})(=|$)|[^-])`;

export const VALUES: readonly ChartValue[] = [
  {
    path: 'replicas',
    default: 2,
    schema: { type: 'integer', minimum: 1 },
    doc: 'Replicas of the webhook. With one, pods that ask are refused whenever it restarts.',
  },
  {
    path: 'image.repository',
    default: 'rollcall',
    schema: { ...text, minLength: 1 },
    doc: 'Image of the webhook and of the sidecars, with the name of its registry.',
  },
  { path: 'image.tag', default: '', schema: text, doc: 'Tag of the image. Empty: the version of the chart.' },
  {
    path: 'image.digest',
    default: '',
    schema: { ...text, pattern: '^(sha256:[0-9a-f]{64})?$' },
    doc: 'Digest of the image, which then decides in place of the tag. Name `shellImage` as well.',
  },
  {
    path: 'image.pullPolicy',
    default: 'IfNotPresent',
    schema: oneOf('Always', 'IfNotPresent', 'Never'),
    doc: 'When nodes pull the image of the webhook.',
  },
  {
    path: 'shellImage',
    default: '',
    schema: text,
    doc: 'Image of sidecars that run commands, in full. Empty: the image with `-shell` behind its tag.',
  },
  {
    path: 'imagePullSecrets',
    default: [],
    schema: { type: 'array', items: { type: 'object', required: ['name'], properties: { name: text } } },
    doc: "Secrets of the release's namespace that pull the image of the webhook: `[{name: registry}]`.",
  },
  {
    path: 'sidecarPullSecrets',
    default: [],
    schema: { type: 'array', items: secretName },
    doc: 'Names of Secrets that pull the image of the sidecars: injected pods name them, and they have to be in the namespaces of those pods.',
  },
  {
    path: 'platform',
    default: '',
    schema: oneOf('', 'openshift', 'autopilot', 'fargate'),
    doc: '`openshift`: no fixed uid, and the right that its owner check asks for. `autopilot` (GKE), `fargate` (EKS): requests equal limits. Sidecars need no word of it.',
  },
  {
    path: 'port',
    default: 8443,
    schema: port(1024),
    doc: 'Port of the webhook in its pods. Private GKE clusters let the control plane reach 10250.',
  },
  {
    path: 'hostNetwork',
    default: false,
    schema: flag,
    doc: 'Whether the webhook is on the network of its nodes, for EKS with a network plugin of its own. The namespace must allow it, and `port` must be free there.',
  },
  {
    path: 'failurePolicy',
    default: 'Fail',
    schema: oneOf('Fail', 'Ignore'),
    doc: 'What becomes of pods that ask while no webhook answers: `Fail` refuses them, `Ignore` starts them without the sidecar.',
  },
  {
    path: 'requireInjection',
    default: false,
    schema: flag,
    doc: 'Whether the API server itself refuses pods that ask and were not injected. With `failurePolicy: Ignore` it is the one that decides.',
  },
  {
    path: 'namespaces',
    default: [],
    schema: { type: 'array', items: namespaceName },
    doc: 'The only namespaces in which pods are injected. Empty: all but those of the system.',
  },
  {
    path: 'excludedNamespaces',
    default: [],
    schema: { type: 'array', items: namespaceName },
    doc: "More namespaces in which nothing is injected, beside the system's: those of the CNI and of storage drivers.",
  },
  {
    path: 'namespaceSelector.matchExpressions',
    default: [],
    schema: {
      type: 'array',
      items: {
        type: 'object',
        required: ['key', 'operator'],
        additionalProperties: false,
        properties: {
          key: text,
          operator: oneOf('In', 'NotIn', 'Exists', 'DoesNotExist'),
          values: texts,
        },
      },
    },
    doc: 'More terms that the labels of a namespace must match.',
  },
  {
    path: 'certificates.source',
    default: 'selfManaged',
    schema: oneOf('selfManaged', 'files', 'certManager'),
    doc: 'Where the certificate comes from. `selfManaged`: the webhook issues, renews and publishes it. `files`: a Secret that you keep. `certManager`: cert-manager issues it and publishes its CA.',
  },
  {
    path: 'certificates.secretName',
    default: '',
    schema: text,
    doc: 'Secret with `tls.crt`, `tls.key` and `ca.crt` that is mounted: for `files`, or of a Certificate of yours. With `selfManaged` its CA is trusted as well, which is a step of a change.',
  },
  {
    path: 'certificates.caBundle',
    default: '',
    schema: text,
    doc: 'What API servers trust with `files`, in PEM. Empty: you write it into the configuration otherwise.',
  },
  {
    path: 'certificates.certManager.certificate',
    default: '',
    schema: text,
    doc: "Certificate of yours in the release's namespace. Empty: the chart makes one, from a CA of its own.",
  },
  {
    path: 'certificates.certManager.inject',
    default: true,
    schema: flag,
    doc: 'Whether cert-manager writes what API servers trust. Off is a step of a change.',
  },
  {
    path: 'certificates.certManager.prepare',
    default: false,
    schema: flag,
    doc: 'Whether the Certificate is made, and its CA trusted, while the webhook still manages its own: a step of a change.',
  },
  {
    path: 'defaults',
    default: {},
    schema: {
      type: 'object',
      properties: Object.fromEntries(singles.map(({ key, parse }) => [key, formsSchema(formsOf(parse))])),
      patternProperties: Object.fromEntries(
        families.map(({ key, named, parse }) => [familyPattern(key, named), formsSchema(formsOf(parse))]),
      ),
      additionalProperties: false,
    },
    doc: 'Annotations for pods that do not have them, nor their namespace: `{rollcall.dev/cpu-request: 20m}`.',
  },
  {
    path: 'extraArgs',
    default: [],
    schema: { type: 'array', items: { type: 'string', pattern: FLAG } },
    doc: 'More flags of the webhook; `rollcall webhook --help` lists them.',
  },
  {
    path: 'resources',
    default: {},
    schema: { type: 'object' },
    doc: 'Resources of the webhook. Empty: what was measured, 50m of CPU, 128Mi of memory and at most 384Mi.',
  },
  {
    path: 'topologySpread.nodes',
    default: 'ScheduleAnyway',
    schema: spread,
    doc: 'What becomes of a replica for which there is no node of its own.',
  },
  {
    path: 'topologySpread.zones',
    default: 'ScheduleAnyway',
    schema: spread,
    doc: 'What becomes of a replica for which there is no zone of its own.',
  },
  { path: 'nodeSelector', default: {}, schema: labels, doc: 'More labels that nodes must have.' },
  { path: 'tolerations', default: [], schema: objects, doc: 'Taints of nodes that the webhook tolerates.' },
  {
    path: 'affinity',
    default: {},
    schema: { type: 'object' },
    doc: 'More affinity of the pods of the webhook; a `podAntiAffinity` takes the place of that by zone.',
  },
  { path: 'podLabels', default: {}, schema: labels, doc: 'More labels of the pods of the webhook.' },
  { path: 'podAnnotations', default: {}, schema: labels, doc: 'Annotations of the pods of the webhook.' },
  {
    path: 'priorityClass.create',
    default: true,
    schema: flag,
    doc: 'Whether the class below is made, with the highest value that a class may have.',
  },
  {
    path: 'priorityClass.name',
    default: 'rollcall-webhook',
    schema: text,
    doc: 'Priority class of the webhook. Empty: none.',
  },
  {
    path: 'podDisruptionBudget.enabled',
    default: true,
    schema: flag,
    doc: 'Whether node drains leave at least one replica. It takes two replicas.',
  },
  {
    path: 'networkPolicy.enabled',
    default: true,
    schema: flag,
    doc: 'Whether a NetworkPolicy limits the connections of the webhook.',
  },
  {
    path: 'networkPolicy.from',
    default: [],
    schema: objects,
    doc: 'Who may connect, as peers of a NetworkPolicy: API servers, kubelets, Prometheus. Empty: everybody.',
  },
  {
    path: 'networkPolicy.apiServerPorts',
    default: [443, 6443, 8443, 16443],
    schema: { type: 'array', minItems: 1, items: port(1) },
    doc: 'Ports to which the webhook may connect: that of the API server, behind its Service.',
  },
  {
    path: 'flowControl.enabled',
    default: true,
    schema: flag,
    doc: 'Whether the webhook and the sidecars have priority levels of their own at the API server.',
  },
  {
    path: 'metrics.serviceMonitor.enabled',
    default: false,
    schema: flag,
    doc: 'Whether a ServiceMonitor is made. It takes the Prometheus operator.',
  },
  {
    path: 'metrics.serviceMonitor.labels',
    default: {},
    schema: labels,
    doc: 'Labels by which your Prometheus finds it.',
  },
  {
    path: 'metrics.serviceMonitor.interval',
    default: '30s',
    schema: { ...text, pattern: '^[0-9]+(ms|s|m|h)$' },
    doc: 'How often metrics are read.',
  },
];

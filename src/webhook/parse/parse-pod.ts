/** Parses a core/v1 Pod. All fields that injection reads have the types that `Pod` declares afterwards. */
import type {
  Affinity,
  Container,
  ContainerPort,
  NodeSelector,
  NodeSelectorTerm,
  OwnerReference,
  Pod,
  PodSpec,
  PullSecret,
  Resources,
  SecurityContext,
  Volume,
  VolumeDevice,
  VolumeMount,
} from '../../inject/pod.ts';
import { flag, list, matching, object, type Parser, shortText, text, texts, whole } from './shape.ts';

/** The form of a DNS label, which the name of a namespace has. */
const LABEL = '[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?';
/** Parses a DNS label, of at most 63 characters. */
export const dnsLabel = matching(new RegExp(`^${LABEL}$`), 'a name of the DNS (RFC 1123 label)');
/** Parses the name of an account, which becomes part of a URL. Pods may leave it empty. */
const accountName = matching(
  new RegExp(`^$|^(?=.{1,253}$)${LABEL}(?:\\.${LABEL})*$`),
  'a name of the DNS (RFC 1123 subdomain)',
);
/**
 * Parses a text about an owner, which becomes part of an Event. A group and a version have at most 253 and 63
 * characters, names 253, uids 36; the API server has not checked them yet.
 */
const ofOwner = shortText(320);

const ownerReference = object<OwnerReference>(
  { apiVersion: ofOwner, kind: ofOwner, name: ofOwner, uid: ofOwner, controller: flag },
  'apiVersion',
  'kind',
  'name',
  'uid',
);

const metadata = object<NonNullable<Pod['metadata']>>({
  name: text,
  generateName: text,
  namespace: text,
  labels: texts,
  annotations: texts,
  ownerReferences: list(ownerReference),
});

const resources = object<Resources>({ requests: texts, limits: texts });

const volumeMount = object<VolumeMount>(
  { name: text, mountPath: text, readOnly: flag, subPath: text, subPathExpr: text },
  'name',
  'mountPath',
);

const securityContext = object<SecurityContext>({ windowsOptions: object<Record<string, unknown>>({}) });

const container = object<Container>(
  {
    name: text,
    image: text,
    args: list(text),
    restartPolicy: text,
    ports: list(object<ContainerPort>({ containerPort: whole, protocol: text })),
    resources,
    volumeMounts: list(volumeMount),
    volumeDevices: list(object<VolumeDevice>({ name: text, devicePath: text }, 'name')),
    securityContext,
  },
  'name',
);

const nodeSelectorTerm = object<NodeSelectorTerm>({
  matchExpressions: list(
    object<NonNullable<NodeSelectorTerm['matchExpressions']>[number]>(
      { key: text, operator: text, values: list(text) },
      'key',
      'operator',
    ),
  ),
});

const affinity = object<Affinity>({
  nodeAffinity: object<NonNullable<Affinity['nodeAffinity']>>({
    requiredDuringSchedulingIgnoredDuringExecution: object<NodeSelector>({
      nodeSelectorTerms: list(nodeSelectorTerm),
    }),
  }),
});

const spec = object<PodSpec>(
  {
    containers: list(container),
    initContainers: list(container),
    volumes: list(object<Volume>({ name: text }, 'name')),
    subdomain: text,
    serviceAccountName: accountName,
    serviceAccount: accountName,
    automountServiceAccountToken: flag,
    nodeSelector: texts,
    affinity,
    os: object<NonNullable<PodSpec['os']>>({ name: text }, 'name'),
    securityContext,
    hostNetwork: flag,
    schedulerName: text,
    imagePullSecrets: list(object<PullSecret>({ name: text })),
    restartPolicy: text,
    terminationGracePeriodSeconds: whole,
    resources,
  },
  'containers',
);

/** Parses a Pod, and throws a `Misfit` when it is none. */
export const parsePod: Parser<Pod> = object<Pod>({ metadata, spec }, 'spec');

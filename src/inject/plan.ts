import { keys } from './annotations.ts';
import type { Container, Pod, Volume, VolumeMount } from './pod.ts';

/** The sidecar's container, the volume it shares with the application, and the socket's folder in it. */
export const NAME = 'rollcall';
export const TOKEN_VOLUME = 'rollcall-token';
export const MOUNT_PATH = '/run/rollcall';
/** The ServiceAccount that a pod gets in place of `default`. */
export const SCOPED_ACCOUNT = 'rollcall-watcher';

const PORT = 17655;
const USER = 65532;
/**
 * Two copies (the file and its successor) of 10,000 members of at most 0.5 KB in members.json are
 * 10 MB; the rest is room for what else is written there.
 */
export const VOLUME_SIZE = '16Mi';
/** Where client libraries and the ServiceAccount plugin expect a token; taken, the plugin adds none. */
export const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';

/** What the pod is to get. */
export interface Options {
  /** The Service whose endpoints are the group. */
  service: string;
}

/** What the installation decides for all pods. */
export interface Install {
  image: string;
  version: string;
}

export type AccountChoice =
  /** `default` becomes the scoped account. */
  | 'scoped'
  /** The pod's own account stays, and is bound. */
  | 'kept'
  /** Nothing may be created on a dry run, and a pod that names a missing account is rejected. */
  | 'untouched';

/** All that is to be true of the pod after injection. */
export interface Plan {
  sidecar: Container;
  volumes: Volume[];
  mount: VolumeMount;
  account: AccountChoice;
  /** The account that the sidecar runs under. */
  accountName: string;
  status: string;
}

export function plan(pod: Pod, options: Options, install: Install, dryRun: boolean): Plan {
  const current = pod.spec.serviceAccountName || pod.spec.serviceAccount || 'default';
  const account = dryRun ? 'untouched' : isSwapped(current) ? 'scoped' : 'kept';
  return {
    sidecar: sidecar(options, install),
    volumes: volumes(),
    mount: { name: NAME, mountPath: MOUNT_PATH, readOnly: true },
    account,
    accountName: account === 'scoped' ? SCOPED_ACCOUNT : current,
    status: JSON.stringify({ version: install.version, service: options.service, account }),
  };
}

/** Whether a pod of this account gets the scoped one. */
export function isSwapped(account: string): boolean {
  return account === 'default' || account === SCOPED_ACCOUNT;
}

export function volumes(): Volume[] {
  return [
    // In memory: a volume on disk would keep the cluster autoscaler from moving the pod.
    { name: NAME, emptyDir: { medium: 'Memory', sizeLimit: VOLUME_SIZE } },
    { name: TOKEN_VOLUME, projected: { defaultMode: 0o444, sources: tokenSources() } },
  ];
}

function tokenSources(): unknown[] {
  return [
    { serviceAccountToken: { path: 'token', expirationSeconds: 3600 } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
  ];
}

/**
 * The young generation of V8 grows to 3 x 16 MB by itself, and what a list left behind stays resident:
 * with 1 MB, a group of 10,000 costs a quarter less memory.
 */
export const sidecarEnvironment = { NODE_OPTIONS: '--max-semi-space-size=1' };

/** A native sidecar: an init container that goes on running, started before and stopped after the rest. */
function sidecar({ service }: Options, install: Install): Container {
  return {
    name: NAME,
    image: install.image,
    imagePullPolicy: 'IfNotPresent',
    args: ['sidecar'],
    restartPolicy: 'Always',
    env: [
      { name: 'ROLLCALL_NAMESPACE', valueFrom: fieldRef('metadata.namespace') },
      { name: 'ROLLCALL_SERVICE', value: service },
      { name: 'ROLLCALL_POD_NAME', valueFrom: fieldRef('metadata.name') },
      { name: 'ROLLCALL_POD_UID', valueFrom: fieldRef('metadata.uid') },
      ...Object.entries(sidecarEnvironment).map(([name, value]) => ({ name, value })),
    ],
    resources: {
      // Node and a group of 10; what a quota counts.
      requests: { cpu: '10m', memory: '48Mi' },
      // Node, a group of 10,000, 64 slow readers, and the memory volume, which counts here.
      limits: { cpu: '500m', memory: '128Mi' },
    },
    volumeMounts: [
      { name: NAME, mountPath: MOUNT_PATH },
      { name: TOKEN_VOLUME, mountPath: TOKEN_PATH, readOnly: true },
    ],
    // The application starts when the group is known, or 10 s later: /startz says when.
    startupProbe: { httpGet: { path: '/startz', port: PORT }, periodSeconds: 1, failureThreshold: 60 },
    livenessProbe: { httpGet: { path: '/healthz', port: PORT }, periodSeconds: 10, failureThreshold: 3 },
    terminationMessagePolicy: 'FallbackToLogsOnError',
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
      runAsGroup: USER,
      runAsNonRoot: true,
      runAsUser: USER,
      seccompProfile: { type: 'RuntimeDefault' },
    },
  };
}

function fieldRef(fieldPath: string): { fieldRef: { apiVersion: string; fieldPath: string } } {
  return { fieldRef: { apiVersion: 'v1', fieldPath } };
}

/** The annotation that tells people what was injected. */
export const STATUS_KEY = keys.status.key;

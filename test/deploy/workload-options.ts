/** Values of the Deployment: its replicas, their image, the platform and the port. */

import packageJson from '../../package.json' with { type: 'json' };
import type { Differences } from './difference.ts';
import { added, arg, type Case, CONTAINER, POLICY, removed, WEBHOOK } from './option-case.ts';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

const image = (name: string): Differences => ({
  [`${CONTAINER}.image`]: name,
  [`${CONTAINER}.env.ROLLCALL_IMAGE.value`]: name,
});
const guaranteed: Differences = {
  [`${CONTAINER}.resources.requests.cpu`]: '250m',
  [`${CONTAINER}.resources.requests.memory`]: '384Mi',
  [`${CONTAINER}.resources.limits.cpu`]: '250m',
};

export const WORKLOAD_CASES: readonly Case[] = [
  { about: 'more replicas', set: { replicas: 3 }, changes: { 'Deployment rollcall: spec.replicas': 3 } },
  {
    about: 'one replica, which no budget may keep from leaving',
    set: { replicas: 1 },
    changes: { 'Deployment rollcall: spec.replicas': 1, ...removed('PodDisruptionBudget rollcall') },
  },
  {
    about: 'an image of another registry',
    set: { image: { repository: 'registry.example/team/rollcall' } },
    changes: image(`registry.example/team/rollcall:${packageJson.version}`),
  },
  { about: 'another tag', set: { image: { tag: '1.2.3' } }, changes: image('rollcall:1.2.3') },
  {
    about: 'an image by its digest',
    set: { image: { digest: DIGEST, tag: '1.2.3' } },
    changes: image(`rollcall@${DIGEST}`),
  },
  {
    about: 'when the image is pulled',
    set: { image: { pullPolicy: 'Always' } },
    changes: { [`${CONTAINER}.imagePullPolicy`]: 'Always' },
  },
  {
    about: 'pull secrets',
    set: { imagePullSecrets: [{ name: 'registry' }] },
    changes: { [`${WEBHOOK}.imagePullSecrets`]: [{ name: 'registry' }] },
  },
  {
    about: 'OpenShift, which gives uids itself',
    set: { platform: 'openshift' },
    changes: {
      [`${CONTAINER}.securityContext.runAsUser`]: undefined,
      [`${CONTAINER}.securityContext.runAsGroup`]: undefined,
      ...added('ClusterRole rollcall-webhook-owner', 'ClusterRoleBinding rollcall-webhook-owner'),
    },
  },
  { about: 'GKE Autopilot', set: { platform: 'autopilot' }, changes: guaranteed },
  { about: 'EKS Fargate', set: { platform: 'fargate' }, changes: guaranteed },
  {
    about: 'a port that private GKE clusters reach',
    set: { port: 10250 },
    changes: {
      ...arg('--port=10250'),
      [`${CONTAINER}.ports.https.containerPort`]: 10250,
      [`${POLICY}.ingress.0.ports.0.port`]: 10250,
    },
  },
  {
    about: 'the network of the node, where a roll-out needs the port of the replica before',
    set: { hostNetwork: true, port: 9443 },
    changes: {
      ...arg('--port=9443'),
      [`${CONTAINER}.ports.https.containerPort`]: 9443,
      [`${POLICY}.ingress.0.ports.0.port`]: 9443,
      [`${WEBHOOK}.hostNetwork`]: true,
      [`${WEBHOOK}.dnsPolicy`]: 'ClusterFirstWithHostNet',
      'Deployment rollcall: spec.strategy.rollingUpdate.maxUnavailable': 1,
      'Deployment rollcall: spec.strategy.rollingUpdate.maxSurge': 0,
    },
  },
  {
    about: 'more flags, behind those of other values',
    set: { port: 9443, extraArgs: ['--native-sidecars=false', '--client-name="odd: one"'] },
    changes: {
      ...arg('--port=9443'),
      ...arg('--native-sidecars=false', 2),
      ...arg('--client-name="odd: one"', 3),
      [`${CONTAINER}.ports.https.containerPort`]: 9443,
      [`${POLICY}.ingress.0.ports.0.port`]: 9443,
    },
  },
  {
    about: 'resources of its own, in place of all others',
    set: { platform: 'fargate', resources: { requests: { memory: '1Gi' } } },
    changes: {
      [`${CONTAINER}.resources.requests.cpu`]: undefined,
      [`${CONTAINER}.resources.requests.memory`]: '1Gi',
      [`${CONTAINER}.resources.limits`]: undefined,
    },
  },
];

/** Values that say where the pods of the webhook run, what is written on them, their priority and their budget. */

import { type Case, removed, WEBHOOK } from './option-case.ts';

export const SCHEDULING_CASES: readonly Case[] = [
  {
    about: 'replicas that must be on two nodes and in two zones',
    set: { topologySpread: { nodes: 'DoNotSchedule', zones: 'DoNotSchedule' } },
    changes: {
      [`${WEBHOOK}.topologySpreadConstraints.0.whenUnsatisfiable`]: 'DoNotSchedule',
      [`${WEBHOOK}.topologySpreadConstraints.1`]: {
        topologyKey: 'topology.kubernetes.io/zone',
        maxSkew: 1,
        whenUnsatisfiable: 'DoNotSchedule',
        labelSelector: { matchLabels: { 'app.kubernetes.io/name': 'rollcall' } },
        matchLabelKeys: ['pod-template-hash'],
      },
      [`${WEBHOOK}.affinity`]: undefined,
    },
  },
  {
    about: 'where its pods may be',
    set: {
      nodeSelector: { pool: 'system' },
      tolerations: [{ key: 'dedicated', operator: 'Exists' }],
      affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
    },
    changes: {
      [`${WEBHOOK}.nodeSelector.pool`]: 'system',
      [`${WEBHOOK}.tolerations`]: [{ key: 'dedicated', operator: 'Exists' }],
      [`${WEBHOOK}.affinity.nodeAffinity`]: { preferredDuringSchedulingIgnoredDuringExecution: [] },
    },
  },
  {
    about: 'an affinity in place of that by zone',
    set: { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [] } } },
    changes: {
      [`${WEBHOOK}.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution`]: undefined,
      [`${WEBHOOK}.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution`]: [],
    },
  },
  {
    about: 'what is written on its pods',
    set: { podLabels: { team: 'platform' }, podAnnotations: { 'example.com/scrape': 'true' } },
    changes: {
      'Deployment rollcall: spec.template.metadata.labels.team': 'platform',
      'Deployment rollcall: spec.template.metadata.annotations': { 'example.com/scrape': 'true' },
    },
  },
  {
    about: 'a priority class that is there already',
    set: { priorityClass: { create: false, name: 'system-cluster-critical' } },
    changes: {
      [`${WEBHOOK}.priorityClassName`]: 'system-cluster-critical',
      ...removed('PriorityClass rollcall-webhook'),
    },
  },
  {
    about: 'no priority class',
    set: { priorityClass: { name: '' } },
    changes: { [`${WEBHOOK}.priorityClassName`]: undefined, ...removed('PriorityClass rollcall-webhook') },
  },
  {
    about: 'no budget of disruptions',
    set: { podDisruptionBudget: { enabled: false } },
    changes: removed('PodDisruptionBudget rollcall'),
  },
];

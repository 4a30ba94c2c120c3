/** Values that say who is injected, with what, and what happens when nobody answers. */

import type { Differences } from './difference.ts';
import { added, arg, type Case, ENTRY, LABELLED } from './option-case.ts';

/** Behind the names, and the two of AKS. */
const TERM = 'namespaceSelector.matchExpressions.3';

const term = (value: object): Differences => ({
  [`${ENTRY}.${TERM}`]: value,
  [`${LABELLED}.${TERM}`]: value,
});

export const ADMISSION_CASES: readonly Case[] = [
  {
    about: 'an image with a shell',
    set: { shellImage: 'registry.example/rollcall-shell:1' },
    changes: arg('--shell-image=registry.example/rollcall-shell:1'),
  },
  {
    about: 'pull secrets of the sidecars',
    set: { sidecarPullSecrets: ['registry'] },
    changes: arg('--image-pull-secret=registry'),
  },
  {
    about: 'pods that ask start while no webhook answers',
    set: { failurePolicy: 'Ignore' },
    changes: { [`${ENTRY}.failurePolicy`]: 'Ignore' },
  },
  {
    about: 'the API server looks that pods were injected',
    set: { requireInjection: true },
    changes: added(
      'ValidatingAdmissionPolicy rollcall-require-injection',
      'ValidatingAdmissionPolicyBinding rollcall-require-injection',
    ),
  },
  {
    about: 'some namespaces only',
    set: { namespaces: ['first', 'second'] },
    changes: term({ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['first', 'second'] }),
  },
  {
    about: 'more namespaces that are left out',
    set: { excludedNamespaces: ['calico-system'] },
    changes: {
      [`${ENTRY}.namespaceSelector.matchExpressions.0.values.4`]: 'calico-system',
      [`${LABELLED}.namespaceSelector.matchExpressions.0.values.4`]: 'calico-system',
    },
  },
  {
    about: 'more terms of namespaces',
    set: { namespaceSelector: { matchExpressions: [{ key: 'team', operator: 'Exists' }] } },
    changes: term({ key: 'team', operator: 'Exists' }),
  },
  {
    about: 'defaults of all pods',
    set: { defaults: { 'rollcall.dev/wait-for': '3', 'rollcall.dev/cpu-request': '20m' } },
    changes: {
      ...arg('--default=rollcall.dev/cpu-request=20m', 1),
      ...arg('--default=rollcall.dev/wait-for=3', 2),
    },
  },
];

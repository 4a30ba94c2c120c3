/** Values that say whose certificates the webhook serves, with the steps from one source to another. */

import type { Differences } from './difference.ts';
import { added, arg, type Case, CONTAINER, ENTRY, LABELLED, removed, WEBHOOK } from './option-case.ts';

const mounted = (secretName: string): Differences => ({
  [`${CONTAINER}.volumeMounts`]: [{ name: 'tls', mountPath: '/etc/rollcall/tls', readOnly: true }],
  [`${WEBHOOK}.volumes`]: [{ name: 'tls', secret: { secretName } }],
});
/** The differences without the rights to the Secret and to the configuration. */
const withoutRights = removed(
  'ClusterRole rollcall-webhook-certificates',
  'ClusterRoleBinding rollcall-webhook-certificates',
  'Role rollcall-webhook',
  'RoleBinding rollcall-webhook',
);
const issued = added(
  'Issuer rollcall-self-signed',
  'Certificate rollcall-ca',
  'Issuer rollcall-ca',
  'Certificate rollcall',
);
const injectedFrom = (certificate: string): Differences => ({
  'MutatingWebhookConfiguration rollcall: metadata.annotations': {
    'cert-manager.io/inject-ca-from': certificate,
  },
});

export const CERTIFICATE_CASES: readonly Case[] = [
  { about: 'certificates of its own', set: { certificates: { source: 'selfManaged' } }, changes: {} },
  {
    about: 'a certificate in a Secret that somebody keeps, and the CA to trust',
    set: { certificates: { source: 'files', secretName: 'mine', caBundle: 'PEM' } },
    changes: {
      ...arg('--certificates=files'),
      ...mounted('mine'),
      ...withoutRights,
      [`${ENTRY}.clientConfig.caBundle`]: 'UEVN',
      [`${LABELLED}.clientConfig.caBundle`]: 'UEVN',
    },
  },
  {
    about: 'a certificate of cert-manager',
    set: { certificates: { source: 'certManager' } },
    changes: {
      ...arg('--certificates=cert-manager'),
      ...mounted('rollcall-cert'),
      ...withoutRights,
      ...issued,
      ...injectedFrom('rollcall-system/rollcall'),
    },
  },
  {
    about: 'a certificate of cert-manager, from an issuer of the user',
    set: { certificates: { source: 'certManager', secretName: 'mine', certManager: { certificate: 'own' } } },
    changes: {
      ...arg('--certificates=cert-manager'),
      ...mounted('mine'),
      ...withoutRights,
      ...injectedFrom('rollcall-system/own'),
    },
  },
  {
    about: 'a step to cert-manager: its CA is trusted as well',
    set: { certificates: { certManager: { prepare: true } } },
    changes: { ...arg('--tls-ca-file=/etc/rollcall/tls/ca.crt'), ...mounted('rollcall-cert'), ...issued },
  },
  {
    about: 'the next step: its certificate is served',
    set: { certificates: { source: 'certManager', certManager: { inject: false } } },
    changes: {
      ...arg('--certificates=cert-manager'),
      ...mounted('rollcall-cert'),
      ...withoutRights,
      ...issued,
    },
  },
];

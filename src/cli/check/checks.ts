import { access } from './access.ts';
import { api } from './api.ts';
import { certificates } from './certificates.ts';
import { clock } from './clock.ts';
import { drains } from './drains.ts';
import type { Check } from './finding.ts';
import { gates } from './gates.ts';
import { grants } from './grants.ts';
import { groupSizes } from './group-sizes.ts';
import { installRights } from './install-rights.ts';
import { clusterRoles, configuration, policies } from './installation.ts';
import { missedPods } from './missed-pods.ts';
import { noInstallation, otherInstallations } from './other-installations.ts';
import { platform } from './platform.ts';
import { deployment, endpoints } from './replicas.ts';
import { sidecarVersions } from './sidecar-versions.ts';
import { staleSidecars } from './stale-sidecars.ts';
import { tryCheckPod } from './try-pod.ts';
import { waitingSidecars } from './waiting-sidecars.ts';
import { webhookRights } from './webhook-rights.ts';

/** The checks of an installation, those first on which the others depend. */
export const CHECKS: readonly Check[] = [
  { name: 'api', run: api, endsWith: 'any' },
  { name: 'clock', run: clock },
  { name: 'webhook-configuration', run: configuration, endsWith: ['nothing-installed', 'policy-left'] },
  { name: 'installations', run: otherInstallations },
  { name: 'certificates', run: certificates },
  { name: 'deployment', run: deployment },
  { name: 'endpoints', run: endpoints },
  { name: 'drains', run: drains },
  { name: 'cluster-role', run: clusterRoles },
  { name: 'webhook-rights', run: webhookRights },
  { name: 'policies', run: policies },
  { name: 'access', run: access },
  { name: 'grants', run: grants },
  { name: 'dry-run', run: tryCheckPod },
  { name: 'missed-pods', run: missedPods },
  { name: 'waiting-sidecars', run: waitingSidecars },
  { name: 'stale-sidecars', run: staleSidecars },
  { name: 'sidecar-versions', run: sidecarVersions },
  { name: 'group-sizes', run: groupSizes },
];

/** The checks before an installation. */
export const CHECKS_BEFORE: readonly Check[] = [
  { name: 'api', run: api, endsWith: 'any' },
  { name: 'clock', run: clock },
  { name: 'installations', run: noInstallation },
  { name: 'rights', run: installRights },
  { name: 'gates', run: gates },
  { name: 'platform', run: platform },
];

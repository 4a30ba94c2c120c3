import { TOKEN_VOLUME } from './names.ts';
import { own, type Pod, type Volume } from './pod.ts';

/**
 * The volume by which the pod shows its account to somebody: it projects a token of its own, or a CSI driver
 * does so for it. With another account, whoever is shown it sees another identity.
 */
export function ownTokenVolume({ spec }: Pod): string | undefined {
  return spec.volumes?.find((volume) => !isOfOthers(volume) && (projectsToken(volume) || isByDriver(volume)))
    ?.name;
}

/** Ours, and that of the ServiceAccount plugin, which comes anew for whatever account. */
function isOfOthers({ name }: Volume): boolean {
  return name === TOKEN_VOLUME || name.startsWith('kube-api-access-');
}

function projectsToken(volume: Volume): boolean {
  const sources = (own(volume, 'projected') as { sources?: unknown } | null | undefined)?.sources;
  return Array.isArray(sources) && sources.some((source) => source?.serviceAccountToken != null);
}

/** The kubelet hands tokens of the pod's account to the drivers that ask for them. */
function isByDriver(volume: Volume): boolean {
  return own(volume, 'csi') != null;
}

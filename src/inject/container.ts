/** The sidecar's container in the pod: of which kind it is, where it stands, and whether one that is there is ours. */
import { keys } from './annotations.ts';
import { reason } from './codes.ts';
import { NAME } from './names.ts';
import { type Operation, removals } from './operations.ts';
import type { Options } from './options.ts';
import type { Install } from './plan.ts';
import type { Container, Pod } from './pod.ts';
import { NO_FAULTS, type Rule } from './rule.ts';
import { isSubset } from './subset.ts';

/** The kind of the sidecar. */
export interface KindPlan {
  /** Whether the sidecar is an init container that goes on running; otherwise it is the first of the containers. */
  native: boolean;
  /** Whether an ordinary sidecar ends when the other containers have, so that the Job of its pod can end. */
  endsWithPod: boolean;
}

/** The part of a plan that is about the container. */
export interface ContainerPlan extends KindPlan {
  sidecar: Container;
}

export function chooseKind({ spec }: Pod, options: Options, install: Install): KindPlan {
  const native = isNative(spec, options, install);
  const ends = spec.restartPolicy !== undefined && spec.restartPolicy !== 'Always';
  return { native, endsWithPod: !native && ends };
}

/** A sidecar that is there, put in offline, say, stays where it is unless somebody wants it elsewhere. */
function isNative(spec: Pod['spec'], { nativeSidecar }: Options, { nativeSidecars }: Install): boolean {
  if (nativeSidecar !== 'auto') return nativeSidecar === 'true';
  if (spec.containers.some(looksLikeOurs)) return false;
  return nativeSidecars || spec.initContainers?.some(looksLikeOurs) === true;
}

/** Returns the image of the sidecar: commands need one with a shell. */
export function imageOf(options: Options, { image, shellImage }: Install): string {
  return needsShell(options) ? (shellImage ?? image) : image;
}

function needsShell({ onStart, onChange, scripts }: Options): boolean {
  return onStart !== undefined || onChange !== undefined || scripts !== undefined;
}

/** Commands need an installation that names an image with a shell. */
export const shellImage: Rule = {
  needs: [],
  faults({ options, install }) {
    if (!needsShell(options) || install.shellImage !== undefined) return NO_FAULTS;
    return [
      reason(
        'no-shell-image',
        `${keys.onStart.key}, ${keys.onChange.key} and ${keys.scripts.key} need an image with a shell, and the ` +
          'installation names none; give the webhook --shell-image',
      ),
    ];
  },
};

export function isInjected(pod: Pod): boolean {
  return sidecarOf(pod) !== undefined;
}

/** Returns the sidecar that the pod has. */
export function sidecarOf({ spec }: Pod): Container | undefined {
  return spec.initContainers?.find(looksLikeOurs) ?? spec.containers.find(looksLikeOurs);
}

/** Tells whether the container is ours, of whatever version and from whatever mirror. */
export function looksLikeOurs({ name, args }: Container): boolean {
  return name === NAME && Array.isArray(args) && args[0] === 'sidecar';
}

/** Puts the sidecar first of its kind, so that all others find the socket. */
export function containerOperations({ spec }: Pod, { sidecar, native }: ContainerPlan): Operation[] {
  const list = native ? 'initContainers' : 'containers';
  const existing = spec[list] ?? [];
  if (existing.length === 0) return [{ op: 'add', path: `/spec/${list}`, value: [sidecar] }];
  const index = existing.findIndex(({ name }) => name === NAME);
  // The very one that was put in, as when a patch is verified.
  if (existing[index] === sidecar) return [];
  if (index === -1) return [{ op: 'add', path: `/spec/${list}/0`, value: sidecar }];
  if (isUnchanged(existing[index]!, asPulled(existing[index]!, sidecar))) return [];
  return [{ op: 'replace', path: `/spec/${list}/${index}`, value: sidecar }];
}

/** The fields that the API server fills in. */
const DEFAULTED = new Set(['terminationMessagePath']);

/**
 * Returns the sidecar with what others have changed of its image since. AlwaysPullImages changes the policy after
 * us and refuses any other, and a webhook that has images pulled from a mirror, or by digest, changes their names:
 * changed back, the pod is rejected, or not pulled.
 */
function asPulled({ image, imagePullPolicy }: Container, sidecar: Container): Container {
  const mirrored = image !== undefined && lastPart(image) === lastPart(sidecar.image!);
  return {
    ...sidecar,
    ...(imagePullPolicy === 'Always' ? { imagePullPolicy } : {}),
    ...(mirrored ? { image } : {}),
  };
}

/** Returns the name and the tag, without where it comes from and the digest that it was pinned to. */
function lastPart(image: string): string {
  const last = image.slice(image.lastIndexOf('/') + 1);
  const [tagged = ''] = last.split('@', 1);
  return tagged.includes(':') ? tagged : last;
}

/** Tells whether a container of our name is the planned one: nothing in it may go beyond the plan. */
function isUnchanged(existing: Container, sidecar: Container): boolean {
  const extra = Object.keys(existing).filter((key) => !Object.hasOwn(sidecar, key) && !DEFAULTED.has(key));
  return (
    extra.length === 0 &&
    isSubset(sidecar, existing) &&
    isSubset(existing.securityContext, sidecar.securityContext)
  );
}

/** Takes the sidecar out again, of whichever kind it is. */
export function undoContainer({ spec }: Pod, wasEmpty: (part: string) => boolean): Operation[] {
  return (['containers', 'initContainers'] as const).flatMap((list) =>
    removals(`/spec/${list}`, spec[list], looksLikeOurs, wasEmpty(list)),
  );
}

/** A container of the pod under our name must be ours, and of the kind that is planned. */
export const namesake: Rule = {
  needs: [keys.nativeSidecar],
  faults({ pod: { spec }, plan: { native } }) {
    const { containers, initContainers = [] } = spec;
    const [own, others] = native ? [initContainers, containers] : [containers, initContainers];
    const isForeign = (container: Container) => container.name === NAME && !looksLikeOurs(container);
    if (!others.some(({ name }) => name === NAME) && !own.some(isForeign)) return NO_FAULTS;
    return [reason('name-taken', `the pod has a container "${NAME}" of its own; give it another name`)];
  },
};

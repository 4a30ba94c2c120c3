/**
 * The public keys: those that users write on pods and namespaces, and the one that the webhook writes. A setting of
 * the sidecar has its row in src/sidecar-settings.ts; the other keys stand here.
 */
import { familyFormsOf, formed, formsOf } from '../forms.ts';
import { kebabCase } from '../setting.ts';
import {
  type Annotation,
  type AnnotationPlace,
  type SidecarSetting,
  sidecarSettings,
} from '../sidecar-settings.ts';
import { names, oneOf, trueOrFalse } from '../values.ts';
import { DIRECTORY, SCRIPTS_PATH } from '../watcher/contract.ts';
import { grantedNames } from './granted-names.ts';
import { mountPath } from './mount-path.ts';
import { quantity } from './quantity.ts';

export type { AnnotationPlace } from '../sidecar-settings.ts';

/** The places where a key may be written, the strongest first. */
const WRITTEN = ['pod', 'namespace', 'installation'] as const;
export type Written = (typeof WRITTEN)[number];

/** The places where a key counts. */
export const PLACES = {
  pod: ['pod'],
  namespace: ['namespace', 'installation'],
  'namespace-only': ['namespace'],
  both: WRITTEN,
  'pod-or-installation': ['pod', 'installation'],
} as const satisfies Record<AnnotationPlace, readonly Written[]>;

export interface Key<T> {
  /** The whole key; of a family, the part that all its keys begin with, `rollcall.dev/file.`. */
  key: string;
  on: AnnotationPlace;
  kind: 'annotation' | 'label';
  doc: string;
  example: string;
  /** The value that counts when nobody writes the key. */
  default?: string;
  /** The sentence of docs/reference.md about a key without a default that nobody writes. */
  otherwise?: string;
  /** Throws an error whose message says what to write instead. */
  parse(text: string): T;
  /** The shape of the names that the keys of a family end with; undefined where it is told nowhere. */
  named?: RegExp | undefined;
  /** Reads a key of a family; returns the `NAME=VALUE` that the sidecar takes. */
  parseNamed?(name: string, text: string): string;
}

export const PREFIX = 'rollcall.dev/';

const OBJECT_NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

const objectName = formed([{ shape: OBJECT_NAME }], (text) => {
  if (OBJECT_NAME.test(text)) return text;
  throw new Error('write the name of a ConfigMap in the namespace of the pod');
});

type AnnotationRows = typeof sidecarSettings;
/** The settings of the sidecar that an annotation gives. */
export type Annotated = {
  [N in keyof AnnotationRows]: AnnotationRows[N] extends { annotation: object } ? N : never;
}[keyof AnnotationRows];

/** The form in which the injector holds a setting: its value, or the text where only the sidecar can use the value. */
export type Held<N extends Annotated> = AnnotationRows[N] extends {
  annotation: { parse(text: string): infer T };
}
  ? T
  : ReturnType<AnnotationRows[N]['parse']> extends string | number | boolean
    ? ReturnType<AnnotationRows[N]['parse']>
    : string;

type KeyOf<N extends Annotated> = Key<Held<N>> &
  (AnnotationRows[N] extends { annotation: { named: string } }
    ? Required<Pick<Key<string>, 'parseNamed'>>
    : unknown) &
  (AnnotationRows[N] extends { annotation: { otherwise: string } }
    ? unknown
    : AnnotationRows[N] extends { default: string }
      ? { default: string }
      : unknown);

/** Returns the key of a setting, from its row. */
export function keyOf(
  name: string,
  { doc, default: given, parse, annotation }: SidecarSetting<unknown> & { annotation: Annotation },
): Key<unknown> {
  const { on, example, more, otherwise, named } = annotation;
  const key = `${PREFIX}${annotation.key ?? kebabCase(name)}`;
  const shown = {
    on,
    kind: 'annotation' as const,
    doc: more === undefined ? doc : `${doc}; ${more}`,
    example,
    ...(otherwise !== undefined ? { otherwise } : given !== undefined ? { default: given } : {}),
  };
  if (named === undefined) return { key, ...shown, parse: annotation.parse ?? held(parse) };
  const check = annotation.parse ?? parse;
  const parseNamed = (one: string, text: string) => {
    check(`${one}=${text}`);
    return `${one}=${text}`;
  };
  const forms = familyFormsOf(check);
  const parseExample = formed(forms?.value, (text: string) => parseNamed(named, text));
  return { key: `${key}.`, ...shown, parse: parseExample, parseNamed, named: forms?.name };
}

/**
 * Returns a parser for the injector, which passes the value on: one that has no plain form stays the text that it was.
 */
function held(parse: (text: string) => unknown): (text: string) => unknown {
  return formed(formsOf(parse), (text) => {
    const value = parse(text);
    return typeof value === 'object' ? text : value;
  });
}

const passedKeys = Object.fromEntries(
  Object.entries<SidecarSetting<unknown>>(sidecarSettings).flatMap(([name, setting]) =>
    setting.annotation === undefined
      ? []
      : [[name, keyOf(name, { ...setting, annotation: setting.annotation })]],
  ),
) as unknown as { readonly [N in Annotated]: KeyOf<N> };

/** The settings of the sidecar that are passed on, and what else users write: how the pod is injected. */
export const keys = {
  inject: {
    key: 'rollcall.dev/inject',
    on: 'pod',
    kind: 'annotation',
    doc: 'whether this pod gets the sidecar; this overrules the label of the namespace',
    example: 'true',
    otherwise: 'what the label of the namespace says',
    parse: trueOrFalse,
  },
  ...passedKeys,
  mountPath: {
    key: 'rollcall.dev/mount-path',
    on: 'pod-or-installation',
    kind: 'annotation',
    doc: 'folder where the application finds the socket and the files',
    example: '/var/run/peers',
    default: DIRECTORY,
    parse: mountPath,
  },
  containers: {
    key: 'rollcall.dev/containers',
    on: 'pod-or-installation',
    kind: 'annotation',
    doc: 'containers that get that folder; init containers may be among them',
    example: 'db,backup',
    otherwise: 'all containers, no init container',
    parse: names,
  },
  scripts: {
    key: 'rollcall.dev/scripts',
    on: 'pod-or-installation',
    kind: 'annotation',
    doc: `ConfigMap whose files the sidecar finds in \`${SCRIPTS_PATH}\`; with it, or with a command, the sidecar runs in the image that has a shell`,
    example: 'db-scripts',
    otherwise: 'none',
    parse: objectName,
  },
  cpuRequest: {
    key: 'rollcall.dev/cpu-request',
    on: 'both',
    kind: 'annotation',
    doc: 'CPU that the sidecar requests; as the three amounts below, it is kept within the LimitRanges of the namespace',
    example: '20m',
    default: '10m',
    parse: quantity('20m'),
  },
  cpuLimit: {
    key: 'rollcall.dev/cpu-limit',
    on: 'both',
    kind: 'annotation',
    doc: 'CPU that the sidecar may use; in a pod of class Guaranteed the requests of the sidecar are its limits, and this one is 100m unless it is set',
    example: '1',
    default: '500m',
    parse: quantity('1'),
  },
  memoryRequest: {
    key: 'rollcall.dev/memory-request',
    on: 'both',
    kind: 'annotation',
    doc: 'memory that the sidecar requests',
    example: '64Mi',
    // Node takes this with a group of 10.
    default: '48Mi',
    parse: quantity('64Mi'),
  },
  memoryLimit: {
    key: 'rollcall.dev/memory-limit',
    on: 'both',
    kind: 'annotation',
    doc: 'memory that the sidecar may use, with its memory volume',
    example: '256Mi',
    // Node takes this with a group of 10,000, 64 slow readers, and the memory volume, which counts here.
    default: '128Mi',
    parse: quantity('256Mi'),
  },
  guaranteed: {
    key: 'rollcall.dev/guaranteed',
    on: 'both',
    kind: 'annotation',
    doc: 'whether the requests of the sidecar are its limits; `auto` makes them so in a pod of class Guaranteed, and in one that goes to EKS Fargate; `true` in every pod, for nodes that do not let pods use more than they request',
    example: 'true',
    default: 'auto',
    parse: oneOf('auto', 'true'),
  },
  nativeSidecar: {
    key: 'rollcall.dev/native-sidecar',
    on: 'both',
    kind: 'annotation',
    doc: 'whether the sidecar is an init container that goes on running; `false` makes it the first ordinary container, which ends with the others of a Job',
    example: 'false',
    default: 'auto',
    parse: oneOf('auto', 'true', 'false'),
  },
  serviceAccount: {
    key: 'rollcall.dev/service-account',
    on: 'pod-or-installation',
    kind: 'annotation',
    doc: '`auto` replaces the account `default` by one of Rollcall, but not of a pod that shows it to others by a token of its own or a CSI volume, and binds any other; `scoped` replaces any, `keep` binds any',
    example: 'keep',
    default: 'auto',
    parse: oneOf('auto', 'scoped', 'keep'),
  },
  podAccess: {
    key: 'rollcall.dev/pod-access',
    on: 'namespace',
    kind: 'annotation',
    doc: 'whether accounts of the namespace may be given the right to read its pods, with everything that is written in them; a selector needs it, and so does an ordinary sidecar in a Job',
    example: 'true',
    default: 'false',
    parse: oneOf('true', 'false'),
  },
  grant: {
    key: 'rollcall.dev/grant',
    on: 'namespace-only',
    kind: 'annotation',
    doc: 'other namespaces, at most 100, whose sidecars may look at the Services of this one; a group `in` this namespace needs it',
    example: 'shop, team-a',
    otherwise: 'none',
    parse: grantedNames,
  },
  status: {
    key: 'rollcall.dev/status',
    on: 'pod',
    kind: 'annotation',
    doc: 'what was injected: version, group, how the account was chosen, and what uninject needs; Rollcall writes it, and decides nothing by it',
    example: '{"version":"0.2.0","service":"db","account":"scoped"}',
    parse: (text: string) => text,
  },
  injection: {
    key: 'rollcall.dev/injection',
    on: 'namespace',
    kind: 'label',
    doc: '`enabled` gives every pod of the namespace the sidecar, where the pod does not say otherwise',
    example: 'enabled',
    otherwise: 'only pods that ask are injected',
    parse: (text: string) => text === 'enabled',
  },
} as const satisfies Record<string, Key<unknown>>;

/** The groups that a pod follows beside its first one, each under a name: what people write to ask for one. */
import { formed, within } from './forms.ts';
import { SELECTOR } from './label-selector.ts';
import { dnsLabel, expectedByAnnotation, labelKeys, labelSelector, waitCondition } from './values.ts';
import { LABEL } from './watcher/membership/grammar.ts';
import { type ExpectedFrom, parseExpected } from './watcher/texts/expected.ts';
import { FILE, LINE, parseTemplate, type Template } from './watcher/texts/template.ts';
import type { WaitCondition } from './watcher/texts/wait-condition.ts';

/** The most groups of a pod: each is a list and a watch of its own for the API server, of each pod. */
export const MOST_GROUPS = 16;

/** A group under a name, and where its members come from. */
export class NamedGroup {
  /** The name, which is that of its folder beside the socket of the first group. */
  readonly name: string;
  readonly source: 'endpointslices' | 'pods' | 'dns';
  /** The Service, or the selector of the source `pods`. */
  readonly of: string;
  /** The namespace, where it is another than that of the pod. */
  readonly namespace: string | undefined;

  constructor({ name, source, of, namespace }: Pick<NamedGroup, 'name' | 'source' | 'of' | 'namespace'>) {
    this.name = name;
    this.source = source;
    this.of = of;
    this.namespace = namespace;
  }

  /** Returns what it follows, as people write it: `service tcp-servers in team-b`. */
  get followed(): string {
    return `${WORDS[this.source]} ${this.of}${this.namespace === undefined ? '' : ` in ${this.namespace}`}`;
  }

  toString(): string {
    return `${this.name}=${this.followed}`;
  }

  toJSON(): string {
    return `${this}`;
  }
}

const WORDS = { endpointslices: 'service', pods: 'pods', dns: 'dns' } as const;
const SOURCES = { service: 'endpointslices', pods: 'pods', dns: 'dns' } as const;

const FORMS = 'give "service tcp-servers", "pods app=worker" or "dns tcp-servers"';

/** The shape of what a group follows, without space around it. */
const FOLLOWED = followedShape();

function followedShape(): RegExp {
  const [name, selector] = [within(LABEL), within(SELECTOR)];
  return new RegExp(`^(?:service +${name}(?: +in +${name})?|dns +${name}|pods +${selector})$`);
}

/** Reads `NAME=service tcp-servers`. Throws a message that says what to give instead. */
export const parseNamedGroup = formed(
  { name: LABEL, value: [{ shape: FOLLOWED, trimmed: true }] },
  namedGroupOf,
);

function namedGroupOf(text: string): NamedGroup {
  const { name, rest } = named(text, 'NAME=WHAT, such as backends=service tcp-servers');
  const [, word = '', told = ''] = /^(service|pods|dns) +(.+)$/s.exec(rest.trim()) ?? [];
  if (word === '') throw new Error(FORMS);
  const source = SOURCES[word as keyof typeof SOURCES];
  if (source === 'pods')
    return new NamedGroup({ name, source, of: labelSelector(told), namespace: undefined });
  const [service = '', ...more] = told.split(/ +/);
  dnsLabel(service);
  if (more.length === 0) return new NamedGroup({ name, source, of: service, namespace: undefined });
  if (source === 'dns' || more.length !== 2 || more[0] !== 'in')
    throw new Error(`${FORMS}; a Service of another namespace is "service tcp-servers in team-b"`);
  return new NamedGroup({ name, source, of: service, namespace: dnsLabel(more[1]!) });
}

/** The wait of the start of the application for a group under a name. */
export interface NamedWait {
  group: string;
  condition: WaitCondition;
}

/** Reads `NAME=CONDITION`, such as `backends=2 ready`. Throws a message that says what to give instead. */
export const parseNamedWait = formed({ name: LABEL, value: waitCondition.forms }, (text): NamedWait => {
  const { name, rest } = named(text, 'NAME=CONDITION, such as "backends=2 ready"');
  return { group: name, condition: waitCondition(rest) };
});

/** The number of members that a group under a name is to have, or the workload that has the number. */
export interface NamedExpected {
  group: string;
  expected: ExpectedFrom;
}

const EXPECTED_FORM = 'NAME=WORKLOAD, such as "backends=deployment tcp-servers"';

/** Reads `NAME=WORKLOAD|N`. Throws a message that says what to give instead. */
export function parseNamedExpected(text: string): NamedExpected {
  const { name, rest } = named(text, EXPECTED_FORM);
  return { group: name, expected: parseExpected(rest) };
}

/** Reads the same where the workload may be `owner`, that of the pod. Returns the parts as they were written. */
export const parseNamedOwner = formed({ name: LABEL, value: expectedByAnnotation.forms }, (text) => {
  const { name, rest } = named(text, EXPECTED_FORM);
  return { group: name, text: expectedByAnnotation(rest) };
});

/** The keys of the labels that members of a group under a name have. */
export interface NamedLabels {
  group: string;
  labels: readonly string[];
}

/** Reads `NAME=KEYS`, such as `backends=role`. Throws a message that says what to give instead. */
export const parseNamedLabels = formed({ name: LABEL, value: labelKeys.forms }, (text): NamedLabels => {
  const { name, rest } = named(text, 'NAME=KEYS, such as "backends=role"');
  return { group: name, labels: labelKeys(rest) };
});

/** A file with one line for each member of a group under a name. */
export interface NamedFile {
  group: string;
  template: Template;
}

/** Reads `NAME.FILE=LINE`, such as `backends.upstream.conf=server {ipv4};`. The name of a group has no dot in it. */
export const parseNamedFile = formed(
  { name: new RegExp(`^${within(LABEL)}\\.${within(FILE)}$`), value: [{ shape: LINE }] },
  namedFileOf,
);

function namedFileOf(text: string): NamedFile {
  const dot = text.indexOf('.');
  const equals = text.indexOf('=');
  if (dot === -1 || equals < dot)
    throw new Error('give GROUP.FILE=LINE, such as backends.upstream.conf={ipv4}:80');
  return { group: groupName(text.slice(0, dot)), template: parseTemplate(text.slice(dot + 1)) };
}

/** Reads `FILE=LINE`, a file of the first group. */
export const parseFile = formed({ name: FILE, value: [{ shape: LINE }] }, parseTemplate);

function named(text: string, form: string): { name: string; rest: string } {
  const equals = text.indexOf('=');
  if (equals === -1) throw new Error(`give ${form}`);
  return { name: groupName(text.slice(0, equals)), rest: text.slice(equals + 1) };
}

function groupName(text: string): string {
  try {
    return dnsLabel(text);
  } catch {
    throw new Error(
      `"${text}" can not be the name of a group; give at most 63 lower-case letters, digits and "-"`,
    );
  }
}

/** The settings of groups under a name, as they were read. */
export interface NamedSettings {
  groups: readonly NamedGroup[];
  waits: readonly NamedWait[];
  expected: readonly Pick<NamedExpected, 'group'>[];
  labels: readonly NamedLabels[];
  files: readonly NamedFile[];
  /** The files beside the socket of the first group. */
  firstFiles: readonly Template[];
  /** Returns how a group of this name is given, in the words of whoever reads the fault. */
  given(group: string): string;
}

/** A fault of the settings of groups: the setting, the value that is meant, and what to do. */
export interface GroupFault {
  setting: 'group' | 'waitForGroup' | 'expectedOfGroup' | 'memberLabelsOfGroup' | 'groupFile';
  /** The name of the group. */
  group: string;
  value: string;
  sentence: string;
}

/** Returns all that is wrong between settings each of which is right by itself. */
export function groupFaults(settings: NamedSettings): GroupFault[] {
  return [...faultsOfNames(settings), ...faultsOfOnes(settings), ...faultsOfFiles(settings)];
}

function faultsOfNames({ groups, firstFiles }: NamedSettings): GroupFault[] {
  const names = groups.map(({ name }) => name);
  const fault = (value: string, sentence: string) => ({
    setting: 'group' as const,
    group: value,
    value,
    sentence,
  });
  return [
    ...groups
      .slice(MOST_GROUPS, MOST_GROUPS + 1)
      .map(({ name }) => fault(name, `is one of ${groups.length} groups; give at most ${MOST_GROUPS}`)),
    ...twice(names).map((name) => fault(name, 'is given twice; give each group a name of its own')),
    ...names
      .filter((name) => firstFiles.some(({ file }) => file === name))
      .map((name) => fault(name, 'is the name of a file too; give one of them another name')),
  ];
}

/** Returns what is wrong with the settings of which a group has one each. */
function faultsOfOnes({ groups, waits, expected, labels, given: how }: NamedSettings): GroupFault[] {
  const ones = {
    waitForGroup: { settings: waits, remedy: 'give each group one condition' },
    expectedOfGroup: { settings: expected, remedy: 'give each group one workload or number' },
    memberLabelsOfGroup: { settings: labels, remedy: 'give the keys of each group together' },
  };
  const general = Object.entries(ones).flatMap(([name, { settings, remedy }]) => {
    const setting = name as keyof typeof ones;
    const given = settings.map(({ group }) => group);
    return [
      ...given
        .filter((group) => groups.every(({ name }) => name !== group))
        .map((group) => ({ setting, group, value: group, sentence: unknown(how(group)) })),
      ...twice(given).map((group) => ({
        setting,
        group,
        value: group,
        sentence: `is given twice; ${remedy}`,
      })),
    ];
  });
  const ofDns = labels
    .filter(({ group }) => groups.some(({ name, source }) => name === group && source === 'dns'))
    .map(({ group }) => ({
      setting: 'memberLabelsOfGroup' as const,
      group,
      value: group,
      sentence: 'is a group of the source "dns", which knows no labels; follow a Service instead',
    }));
  return [...general, ...ofDns];
}

function faultsOfFiles({ groups, labels, files, given }: NamedSettings): GroupFault[] {
  const fault = (group: string, value: string, sentence: string) => ({
    setting: 'groupFile' as const,
    group,
    value,
    sentence,
  });
  return [
    ...files
      .filter(({ group }) => groups.every(({ name }) => name !== group))
      .map(({ group }) => fault(group, group, unknown(given(group)))),
    ...twice(files.map(({ group, template }) => `${group}.${template.file}`)).map((value) =>
      fault(value.slice(0, value.indexOf('.')), value, 'is given twice; give each file one line'),
    ),
    ...files.flatMap(({ group, template: { file, labels: used } }) => {
      const known = labels.filter((one) => one.group === group).flatMap((one) => one.labels);
      return used
        .filter((key) => !known.includes(key))
        .map((key) =>
          fault(
            group,
            `${group}.${file}`,
            `uses the label "${key}", which members have only when the member labels of "${group}" name it; add it there`,
          ),
        );
    }),
  ];
}

function unknown(given: string): string {
  return `is for a group that does not exist; ${given}, or change the name`;
}

function twice(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}

/** docs/reference.md, from the tables that the program itself goes by. */
import { codes as checkCodes } from '../../src/cli/check/codes.ts';
import { commands as terminal } from '../../src/cli/commands.ts';
import type { Command } from '../../src/cli/flags.ts';
import { type AnnotationPlace, type Key, keys } from '../../src/inject/annotations.ts';
import { codes, warningCodes } from '../../src/inject/codes.ts';
import { webhookSettings } from '../../src/injector-options.ts';
import {
  type Definition,
  PROCESS_METRICS,
  SIDECAR_METRICS,
  WEBHOOK_METRICS,
} from '../../src/metric-table.ts';
import { flags as peerFinderFlags } from '../../src/peer-finder/flags.ts';
import { flagOf, type Setting, type SettingsTable, variableName } from '../../src/setting.ts';
import { probeSettings, sidecarSettings } from '../../src/sidecar-settings.ts';
import { code, table } from './markdown.ts';

const INTRODUCTION = `# Reference

Made by \`npm run golden\` from the tables in \`src\`; a test fails when the two differ.`;

export function reference(): string {
  const sections = [
    INTRODUCTION,
    annotations(),
    placeholders(),
    reasons(),
    metrics(),
    findings(),
    inPods(),
    peerFinder(),
    atTerminal(),
  ];
  return `${sections.join('\n\n')}\n`;
}

function annotations(): string {
  const rows = Object.values<Key<unknown>>(keys).map((key) => [
    code(nameOf(key)),
    `${PLACED[key.on]}${key.kind === 'label' ? ' (label)' : ''}`,
    key.doc,
    key.default === undefined ? (key.otherwise ?? '') : code(key.default),
    code(key.example),
  ]);
  return `## Annotations and labels

All keys are annotations, except the one that is marked as a label. All values are texts: numbers and \`true\` need
quotes in YAML. The annotation of the pod counts, else that of its namespace, else the value that the
installation gives (\`--default\` of the webhook), else the default. Keys that run, send or mount something, or
change an identity, count on the pod and in the installation only: on a namespace they do nothing, and a warning
says so.
\`rollcall.dev/pod-access\` is read on the namespace, and from the installation; \`rollcall.dev/grant\` on the namespace alone. The message about a wrong value names
the key, its place and what to give instead. The message about an unknown key names the key that may be meant.

${table(['key', 'on', 'what it says', 'otherwise', 'example'], rows)}`;
}

const PLACED: Readonly<Record<AnnotationPlace, string>> = {
  pod: 'pod',
  namespace: 'namespace',
  'namespace-only': 'namespace',
  both: 'pod, namespace',
  'pod-or-installation': 'pod',
};

/** Returns the key with a placeholder for the part that everybody may choose. */
function nameOf({ key, parseNamed }: Key<unknown>): string {
  return parseNamed === undefined ? key : `${key}NAME`;
}

/** What each stands for; a test holds it to the placeholders that there are. */
export const placeholderDocs: Readonly<Record<string, string>> = {
  '{name}': 'name of the pod',
  '{namespace}': 'its namespace',
  '{uid}': 'its uid',
  '{hostname}': 'its stable name within the service, as a StatefulSet gives',
  '{address}': 'its first address',
  '{ipv4}': 'its first IPv4 address',
  '{ipv6}': 'its first IPv6 address',
  '{ordinal}': 'the number at the end of its name, as a StatefulSet gives',
  '{node}': 'the node that it runs on',
  '{zone}': 'the zone of that node',
  '{port}': 'the port of a service that has one',
  '{port:NAME}': 'the port of that name',
  '{label:KEY}': 'the label of the pod, one of `rollcall.dev/member-labels`',
};

function placeholders(): string {
  const rows = Object.entries(placeholderDocs).map(([name, doc]) => [code(name), doc]);
  return `## Placeholders of files

A file of \`rollcall.dev/file.NAME\`, or of \`--file NAME=LINE\`, has one line a member. \`{{\` and \`}}\` are single
braces. A member that lacks a value has no line, and the log says so.

${table(['placeholder', 'stands for'], rows)}`;
}

function reasons(): string {
  const rows = Object.entries(codes).map(([name, { means, remedy }]) => [code(name), means, remedy]);
  const warnings = Object.entries(warningCodes).map(([name, means]) => [code(name), means]);
  return `## Why a pod is left alone

A pod that asks itself and can't be injected is refused. Two kinds of pods are not: a static pod, which its node
runs anyway, and a pod of an excluded namespace. A pod for which only its namespace asks is created without the
sidecar, with a warning. The code is in metrics, logs, Events and warnings. A pod may have several reasons, and its
author is told up to ten of them together; where there is room for one code, as in a metric, it is the first.

${table(['code', 'meaning', 'what to do'], rows)}

## What is warned of

A warning does not keep a pod from being injected. The API server shows it to whoever creates the pod.

${table(['code', 'meaning'], warnings)}`;
}

function metrics(): string {
  const tables: readonly [string, Readonly<Record<string, Definition>>][] = [
    ['The webhook', WEBHOOK_METRICS],
    ['The sidecar', SIDECAR_METRICS],
    ['Both, about their own process', PROCESS_METRICS],
  ];
  const sections = tables.map(([title, all]) => {
    const rows = Object.values(all).map(({ name, type, labels = [], help }) => [
      code(name),
      type,
      labels.map(code).join(' '),
      help,
    ]);
    return `### ${title}\n\n${table(['metric', 'type', 'labels', 'what it says'], rows)}`;
  });
  return `## Metrics

At \`/metrics\` of the webhook (HTTPS, its own port) and of each sidecar (HTTP, port 17655 unless
\`rollcall.dev/port\` says otherwise), in the text format 0.0.4 or, for whoever asks for it, in OpenMetrics 1.0.0. What
writes files, notifies or runs hooks is counted only where it is asked for. [operations.md](operations.md#metrics)
says how to collect them; [runbook.md](runbook.md) says what to do about an alert.

${sections.join('\n\n')}`;
}

function findings(): string {
  const rows = Object.entries(checkCodes).map(([name, { meaning, page }]) => {
    const link = page.replace(/^docs\//, '');
    return [code(name), meaning, `[${link}](${link})`];
  });
  return `## What a check finds

The field \`code\` of \`rollcall check -o json\`.

${table(['code', 'meaning', 'what to do'], rows)}`;
}

const inPodTables: Readonly<Record<string, SettingsTable>> = {
  sidecar: sidecarSettings,
  probe: probeSettings,
  webhook: webhookSettings,
};

function inPods(): string {
  const sections = Object.entries(inPodTables).map(([name, settings]) => {
    const rows = Object.entries(settings).map(([key, setting]) => [
      code(`${flagOf(key)} ${setting.value}`),
      code(variableName(key)),
      sentenceOf(setting),
      setting.required ? 'required' : code(setting.default ?? ''),
    ]);
    return `### rollcall ${name}\n\n${table(['flag', 'variable', 'what it says', 'otherwise'], rows)}`;
  });
  return `## Commands in pods\n\nA flag overrides its variable.\n\n${sections.join('\n\n')}`;
}

function sentenceOf({ doc, note, repeated }: Setting<unknown>): string {
  const several = repeated ? 'may be given several times, in the variable one a line' : undefined;
  return [doc, note, several].filter((part) => part !== undefined).join('; ');
}

function peerFinder(): string {
  const rows = Object.entries(peerFinderFlags).map(([name, { value, doc }]) => [
    code(`-${name} ${value}`),
    doc,
  ]);
  return `### rollcall peer-finder\n\n${table(['flag', 'what it says'], rows)}`;
}

function atTerminal(): string {
  const sections = Object.entries<Command>(terminal).map(([name, { summary, flags }]) => {
    const rows = Object.entries(flags).map(([flag, { short, value, doc, choices }]) => [
      code(`${short ? `-${short}, ` : ''}--${flag}${value ? ` ${value}` : ''}`),
      doc + (choices ? ` (${choices.join(', ')})` : ''),
    ]);
    return `### rollcall ${name}\n\n${summary}\n\n${table(['flag', 'what it says'], rows)}`;
  });
  return `## Commands at a terminal\n\n${sections.join('\n\n')}`;
}

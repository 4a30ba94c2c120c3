/** The commands for people at a terminal, with their flags. The help, the reference and the checks are made from this table. */
import type { Command, Flag } from './flags.ts';

const help: Flag = { short: 'h', doc: 'this text' };
const namespace: Flag & { value: string } = {
  short: 'n',
  value: 'NAME',
  doc: 'namespace of what names none itself',
};
const kubeconfig = {
  value: 'FILE',
  doc: 'kubeconfig; otherwise $KUBECONFIG, ~/.kube/config',
} as const satisfies Flag;
const context = { value: 'NAME', doc: 'context of the kubeconfig' } as const satisfies Flag;

/** The flags that inject and uninject share. */
const rewriting = {
  filename: {
    short: 'f',
    value: 'FILE',
    repeated: true,
    doc: 'file, directory (its .yaml, .yml and .json), or - for standard input',
  },
  kustomize: {
    short: 'k',
    value: 'DIR',
    doc: 'what `kubectl kustomize DIR` prints',
  },
  recursive: { short: 'R', doc: 'directories below directories, too' },
  namespace,
  output: {
    short: 'o',
    value: 'FORMAT',
    choices: ['yaml', 'json'],
    doc: 'all of it in one format, without comments; otherwise each document stays as it came',
  },
  diff: {
    doc: 'print what would change; ends with 0 when nothing would, 1 when something would, 2 on trouble',
  },
} as const satisfies Record<string, Flag>;

/** The flags that tell what the webhook was started with, for commands that judge in its place. */
const installation = {
  image: { value: 'IMAGE', doc: 'image of the sidecar (rollcall:VERSION)' },
  'shell-image': { value: 'IMAGE', doc: 'image of the sidecar that runs commands (that image, with -shell)' },
  default: {
    value: 'KEY=VALUE',
    repeated: true,
    doc: 'a default of the installation, such as rollcall.dev/cpu-limit=1',
  },
} as const satisfies Record<string, Flag>;

export const commands = {
  inject: {
    summary: 'add the sidecar to manifests, without a webhook',
    about: `
Reads manifests as kubectl does, adds the sidecar to the pods and pod templates that ask for it, of
whatever kind, by the same rules as the webhook, and prints all of them. Comments, order and layout
stay; documents that do not change stay byte for byte. What asks and can't be changed is warned of. A
Namespace in the input says for its pods what it would say in the cluster. The ServiceAccount, Role
and RoleBindings that the sidecar needs, which the webhook would make, come before the first workload
that needs them.

One line a workload on standard error says what was done and why. When a workload asks and can't be
served, nothing is printed.

Exit codes: 0 done, 1 refused or no YAML (with --diff 2), 2 wrong usage or a file that can't be opened.`,
    flags: {
      ...rewriting,
      all: {
        doc: 'also what does not ask, as if every namespace had the label rollcall.dev/injection=enabled',
      },
      ...installation,
      'no-access': { doc: 'leave out the ServiceAccount, Role and RoleBindings' },
      help,
    },
    examples: [
      ['Apply with the sidecar', 'rollcall inject -f db.yaml | kubectl apply -f -'],
      [
        'Of a chart',
        'helm template db ./chart -n shop | rollcall inject -n shop -f - | kubectl apply -n shop -f -',
      ],
      ['See what it would change', 'rollcall inject -k overlays/production --diff'],
      ['All workloads of a directory, whether they ask or not', 'rollcall inject --all -R -f manifests/'],
    ],
  },
  uninject: {
    summary: 'take the sidecar out of manifests again',
    about: `
The inverse of inject: takes out the sidecar, and the ServiceAccount, Role and RoleBindings that inject
added. What inject printed becomes byte for byte what it was given.

Exit codes: 0 done, 1 no YAML, 2 wrong usage or a file that can't be opened.`,
    flags: { ...rewriting, help },
    examples: [
      ['From a file', 'rollcall uninject -f injected.yaml'],
      ['Compare with what was there', 'rollcall inject -f db.yaml | rollcall uninject -f - | diff db.yaml -'],
    ],
  },
  explain: {
    summary: 'say why a pod is, or is not, injected',
    about: `
For each rule, from the first that matters to the result, whether it holds and why; then every setting
and who said so. A KIND/NAME is looked up in the cluster with its namespace, the webhook and its
configuration, and, where you may create pods, asked about by a dry run. A file is explained without a
cluster, unless --kubeconfig or --context names one: then its live namespace counts. What the webhook was
started with is not known here: give its --default again.

Exit codes: 0 explained, 1 not found or no YAML, 2 wrong usage or a file that can't be opened.`,
    operand: 'KIND/NAME',
    flags: {
      filename: rewriting.filename,
      kustomize: rewriting.kustomize,
      recursive: rewriting.recursive,
      namespace: { ...namespace, doc: 'namespace; otherwise that of the context, or default' },
      output: { short: 'o', value: 'FORMAT', choices: ['text', 'json'], doc: 'how to say it' },
      ...installation,
      kubeconfig,
      context,
      help,
    },
    examples: [
      ['Why has this pod no sidecar?', 'rollcall explain pod/db-0 -n shop'],
      ['What the next pods of a workload get', 'rollcall explain statefulset/db -n shop'],
      ['Before anything is applied', 'rollcall explain -f db.yaml'],
      ['For a script', "rollcall explain pod/db-0 -o json | jq '.[].result'"],
    ],
  },
  check: {
    summary: 'say whether the installation in the cluster works',
    about: `
Looks at the API server, the webhook, its certificates and its rights, and asks by a dry run for a pod
to be injected. Nothing is changed.

Exit codes: 0 all is well, 1 something is not, 2 wrong usage.`,
    flags: {
      'system-namespace': { value: 'NAME', doc: 'namespace of the webhook (rollcall-system)' },
      namespace: { ...namespace, doc: 'namespace to try a pod in (default)' },
      output: { short: 'o', value: 'FORMAT', choices: ['text', 'json'], doc: 'how to say it' },
      kubeconfig,
      context,
      help,
    },
    examples: [
      ['After an installation', 'rollcall check'],
      ['Another cluster', 'rollcall check --context production'],
    ],
  },
} as const satisfies Record<string, Command>;

export type CommandName = keyof typeof commands;

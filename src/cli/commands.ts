/** The commands for people at a terminal, with their flags. The help, the reference and the checks are made from this table. */
import type { Command, Flag } from './flags.ts';

const help: Flag = { short: 'h', doc: 'print this help' };
const namespace: Flag & { value: string } = {
  short: 'n',
  value: 'NAME',
  doc: 'namespace of the objects that name none',
};
const kubeconfig = {
  value: 'FILE',
  doc: 'kubeconfig (default $KUBECONFIG, else ~/.kube/config)',
} as const satisfies Flag;
const systemNamespace = {
  value: 'NAME',
  doc: 'namespace of the webhook (default the one that the webhook configuration calls)',
} as const satisfies Flag;
const NAMESPACE_TO_TRY =
  'namespace to try a pod in (default "default", or the first one that the webhook is for)';
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
    doc: 'directory to build with `kubectl kustomize`, whose output is read',
  },
  recursive: { short: 'R', doc: 'also read the directories below' },
  namespace,
  output: {
    short: 'o',
    value: 'FORMAT',
    choices: ['yaml', 'json'],
    doc: 'format of all documents, which then have no comments; by default each document stays in its own',
  },
  diff: {
    doc: 'print what would change; the exit code is 0 for no change, 1 for changes, 2 for an error',
  },
} as const satisfies Record<string, Flag>;

/** The flags that tell what the webhook was started with, for commands that judge in its place. */
const installation = {
  image: { value: 'IMAGE', doc: 'image of the sidecar (default rollcall:VERSION)' },
  'shell-image': {
    value: 'IMAGE',
    doc: 'image of a sidecar that runs commands (default that of --image, with -shell behind it)',
  },
  default: {
    value: 'KEY=VALUE',
    repeated: true,
    doc: 'default of the installation, such as rollcall.dev/cpu-limit=1',
  },
} as const satisfies Record<string, Flag>;

export const commands = {
  inject: {
    summary: 'add the sidecar to manifests, without a webhook',
    about: `
Reads manifests as kubectl does, adds the sidecar to the pods and pod templates that ask for it, and
prints all manifests. The rules are those of the webhook, and the objects may be of any kind.
Comments, order and layout stay, and documents that do not change stay byte for byte. An object that
asks but can't be changed gets a warning. A Namespace in the input counts for its pods as it would in
the cluster. The ServiceAccount, Role and RoleBindings that the sidecar needs, which the webhook would
make, are printed before the first workload that needs them.

For each workload, a line on standard error says what was done and why. When a workload asks and can't
be injected, nothing is printed.

Exit codes: 0 done, 1 refused or no YAML (2 with --diff), 2 wrong usage or a file that can't be opened.`,
    flags: {
      ...rewriting,
      all: {
        doc: 'also inject pods that do not ask, as if every namespace had the label rollcall.dev/injection=enabled',
      },
      ...installation,
      'no-access': { doc: 'leave out the ServiceAccount, Role and RoleBindings' },
      help,
    },
    examples: [
      ['Apply with the sidecar', 'rollcall inject -f db.yaml | kubectl apply -f -'],
      [
        'Apply a chart with the sidecar',
        'helm template db ./chart -n shop | rollcall inject -n shop -f - | kubectl apply -n shop -f -',
      ],
      ['See what it would change', 'rollcall inject -k overlays/production --diff'],
      [
        'Inject all workloads of a directory, whether they ask or not',
        'rollcall inject --all -R -f manifests/',
      ],
    ],
  },
  uninject: {
    summary: 'take the sidecar out of manifests again',
    about: `
Undoes inject: takes out the sidecar, and the ServiceAccount, Role and RoleBindings that inject added.
The output of inject becomes its input again, byte for byte.

Exit codes: 0 done, 1 no YAML, 2 wrong usage or a file that can't be opened.`,
    flags: { ...rewriting, help },
    examples: [
      ['Take it out of a file', 'rollcall uninject -f injected.yaml'],
      [
        'Compare with what was there before',
        'rollcall inject -f db.yaml | rollcall uninject -f - | diff db.yaml -',
      ],
    ],
  },
  explain: {
    summary: 'say why a pod is, or is not, injected',
    about: `
Prints for each rule whether it holds and why, from the first rule to the result, and then every setting
and who gave it. For KIND/NAME it reads the object, its namespace and the configuration of the webhook
from the cluster, and tries the pod by a dry run where you may create pods. A file is explained without
a cluster, unless --kubeconfig or --context names one: then the namespace in the cluster counts. The
flags of the webhook are not known here, so give its --default again.

Exit codes: 0 explained, 1 not found or no YAML, 2 wrong usage or a file that can't be opened.`,
    operand: 'KIND/NAME',
    flags: {
      filename: rewriting.filename,
      kustomize: rewriting.kustomize,
      recursive: rewriting.recursive,
      namespace: {
        ...namespace,
        doc: 'namespace of the object (default that of the context, else "default")',
      },
      output: { short: 'o', value: 'FORMAT', choices: ['text', 'json'], doc: 'format of the output' },
      ...installation,
      kubeconfig,
      context,
      help,
    },
    examples: [
      ['Why has this pod no sidecar?', 'rollcall explain pod/db-0 -n shop'],
      ['What will the next pods of a workload get?', 'rollcall explain statefulset/db -n shop'],
      ['Ask before anything is applied', 'rollcall explain -f db.yaml'],
      ['Give the result to a script', "rollcall explain pod/db-0 -o json | jq '.[].result'"],
    ],
  },
  check: {
    summary: 'say whether the installation in the cluster works',
    about: `
Checks the API server, the webhook, its certificates and its rights, tries by a dry run whether a pod is
injected, and looks for pods that were missed and sidecars that can not follow their group. Nothing is
changed. What is not well comes with what to do and with a page of the docs. With --pre it checks instead
whether the cluster can have an installation, and what its platform asks for.

Exit codes: 0 all is well, or worth a look at most; 1 something is not; 2 wrong usage.`,
    flags: {
      pre: { doc: 'check before an installation: version, rights, gates and platform' },
      'system-namespace': systemNamespace,
      namespace: { ...namespace, doc: NAMESPACE_TO_TRY },
      output: { short: 'o', value: 'FORMAT', choices: ['text', 'json'], doc: 'format of the output' },
      kubeconfig,
      context,
      help,
    },
    examples: [
      ['Check before an installation', 'rollcall check --pre'],
      ['Check after an installation', 'rollcall check'],
      ['Check another cluster', 'rollcall check --context production'],
    ],
  },
  watch: {
    summary: 'follow who is in a group',
    about: `
Shows the members of a group and follows them: a table at a terminal, a line for each change in a pipe,
and lines of JSON with -o json. What is watched is one of

  service/NAME  the members of a Service, by list and watch of its EndpointSlices
  pod/NAME      what the sidecar of the pod follows, by list and watch of the same, whether the sidecar
                sees the same, and what the application waits for: a sidecar tells its members to its
                own pod only, and to others a number that stands for them, which is asked for through
                the API server
  SOCKET        what a sidecar tells at its socket, a path that begins with / or . ; the default is
                the socket of the injected sidecar, where there is one

For a Service and a pod it needs the rights to read the pod, to list and watch endpointslices (or
pods, for a group by a label selector), and for the view of the sidecar \`get\` on pods/proxy.
Colours are used at a terminal only, and not with NO_COLOR.

Exit codes: 0 ended by the reader, 1 not found, no sidecar or no answer, 2 wrong usage.`,
    operand: 'pod/NAME|service/NAME|SOCKET',
    flags: {
      namespace: {
        ...namespace,
        doc: 'namespace of the pod or the Service (default that of the context, else "default")',
      },
      output: {
        short: 'o',
        value: 'FORMAT',
        choices: ['text', 'json'],
        doc: 'lines instead of a table',
      },
      kubeconfig,
      context,
      help,
    },
    examples: [
      ['Follow the members of a Service', 'rollcall watch service/db -n shop'],
      ['Does the sidecar of this pod see them all?', 'rollcall watch pod/db-0 -n shop'],
      ['Inside of a pod', 'rollcall watch'],
      ['Who left?', "rollcall watch service/db -o json | jq -r '.left[]?.name'"],
    ],
  },
  dashboard: {
    summary: 'show in a browser who sees whom',
    about: `
Serves a page at an address of this machine alone, and prints it: namespaces and groups, which pods
have the sidecar and why others don't, for each group who sees whom, how far each sidecar is behind the
API, and what happened. The page changes as the cluster does.

It reads with the rights of the kubeconfig: to list and watch pods, namespaces and endpointslices, in all
namespaces or with -n in one, and for the views of the sidecars \`get\` on pods/proxy. It changes nothing.

The address has a secret in it, which is new each time: whoever has it sees what you see.

Exit codes: 0 ended by the reader, 2 wrong usage.`,
    flags: {
      namespace: { ...namespace, doc: 'only this namespace (default all of them)' },
      port: { value: 'PORT', doc: 'port on 127.0.0.1 (default any that is free)' },
      ...installation,
      kubeconfig,
      context,
      help,
    },
    examples: [
      ['Show all that you may see', 'rollcall dashboard'],
      ['Show one namespace, for those who may read no other', 'rollcall dashboard -n shop'],
    ],
  },
  certs: {
    summary: 'show the certificates of the webhook, or have them renewed',
    about: `
"certs status" says where the certificate of the webhook comes from, how long it is valid, which
entries of the webhook configuration trust it, and which replica serves it. "certs rotate" has a
self-managed certificate renewed. It signs itself, so it is renewed together with the trust in it.
What would be done is shown, and done with --yes. API servers trust the old one and the new one for an
hour, so no call is lost.

Exit codes: 0 all is well, 1 something is not, 2 wrong usage.`,
    operand: 'status|rotate',
    flags: {
      now: { doc: 'of rotate: serve the new one as soon as it is published, without the hour before' },
      yes: { short: 'y', doc: 'of rotate: do it' },
      'system-namespace': systemNamespace,
      output: { short: 'o', value: 'FORMAT', choices: ['text', 'json'], doc: 'format of the output' },
      kubeconfig,
      context,
      help,
    },
    examples: [
      ['Which certificate is served, and until when?', 'rollcall certs status'],
      ['See how it would be renewed', 'rollcall certs rotate'],
      ['Renew it', 'rollcall certs rotate --yes'],
      ['Replace it within minutes', 'rollcall certs rotate --now --yes'],
    ],
  },
  repair: {
    summary: 'have pods that were missed made again',
    about: `
Finds the pods that ask for the sidecar and run without it, and evicts them, so that their controllers
make them again. It shows what would be done, and does it with --yes: one pod after the other, through
the Eviction API, which keeps to the budgets of disruptions. A pod is left alone where nobody would
make it again, where a copy of it would be missed again, when it is of a Job, and in the namespaces of
the system. After each, it waits until as many pods of that controller are ready as before. Where they
are not in time, the others of that controller are left, and those of other controllers are evicted all
the same; after three such controllers the rest is left.

Exit codes: 0 nothing is left to do, or it was shown; 1 a pod could not be repaired; 2 wrong usage.`,
    flags: {
      yes: { short: 'y', doc: 'evict them' },
      namespace: { ...namespace, doc: 'namespace of the pods (default all)' },
      'system-namespace': systemNamespace,
      timeout: { value: 'SECONDS', doc: 'how long to wait for the next pod of a controller (default 300)' },
      output: { short: 'o', value: 'FORMAT', choices: ['text', 'json'], doc: 'format of the output' },
      kubeconfig,
      context,
      help,
    },
    examples: [
      ['Which pods would be evicted?', 'rollcall repair'],
      ['Evict those of one namespace', 'rollcall repair -n shop --yes'],
    ],
  },
} as const satisfies Record<string, Command>;

export type CommandName = keyof typeof commands;

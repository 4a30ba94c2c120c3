/**
 * The stable codes of what `rollcall check` finds, which its JSON output has. Each has its meaning, for the reference,
 * and the page that says what to do.
 */
const RUNBOOK = 'docs/runbook.md';
const GRANTS = 'docs/how-to/groups-across-namespaces.md';
const OPERATIONS = 'docs/operations.md';

interface Explained {
  meaning: string;
  /** A page of the docs, with its anchor. */
  page: string;
}

export const codes = {
  'api-unreachable': {
    meaning: 'the API server does not answer, or not this user',
    page: `${OPERATIONS}#check`,
  },
  'server-too-old': {
    meaning: 'the API server has no matchConditions',
    page: `${OPERATIONS}#supported-versions`,
  },
  'server-old': {
    meaning: 'the API server is older than those that Rollcall is tested with',
    page: `${OPERATIONS}#supported-versions`,
  },
  'clock-skew': {
    meaning: 'the clock of the API server and the one here differ by over a minute',
    page: `${OPERATIONS}#clocks`,
  },
  unreadable: {
    meaning: 'the user of the kubeconfig may not read what is to be checked',
    page: `${OPERATIONS}#check`,
  },
  'may-not-install': {
    meaning: 'the user of the kubeconfig may not create all that an installation has',
    page: `${OPERATIONS}#rights-to-install`,
  },
  'no-native-sidecars': {
    meaning: 'the API server drops what makes an init container a native sidecar',
    page: `${OPERATIONS}#supported-versions`,
  },
  'no-policies': {
    meaning: 'the API server has no ValidatingAdmissionPolicy',
    page: `${OPERATIONS}#supported-versions`,
  },
  platform: {
    meaning: 'the platform that was found asks for something',
    page: `${OPERATIONS}#platforms`,
  },
  'not-installed': {
    meaning: 'there is no webhook configuration, so no pod is injected',
    page: `${RUNBOOK}#how-to-recover`,
  },
  'nothing-installed': {
    meaning: 'there is neither a webhook configuration nor a Deployment of the webhook',
    page: 'docs/install.md#helm',
  },
  'policy-left': {
    meaning: 'Rollcall is gone but for the policy that refuses pods without the sidecar',
    page: 'docs/install.md#in-the-wrong-order',
  },
  'installation-incomplete': {
    meaning: 'an object of the installation is missing, or not as it was installed',
    page: `${RUNBOOK}#how-to-recover`,
  },
  'configuration-not-owned': {
    meaning:
      'the webhook configuration would outlive the namespace of the webhook, and pods that ask would be refused',
    page: `${OPERATIONS}#the-owner-of-the-configuration`,
  },
  'installed-twice': {
    meaning: 'there is a second installation, in another namespace',
    page: `${OPERATIONS}#one-installation-a-cluster`,
  },
  'installed-already': {
    meaning: 'Rollcall is installed already, so an installation in another namespace would take over from it',
    page: `${OPERATIONS}#one-installation-a-cluster`,
  },
  'policies-missing': {
    meaning: 'the policies that warn of mistakes are not installed',
    page: `${RUNBOOK}#how-to-recover`,
  },
  'certificate-not-trusted': {
    meaning: 'the webhook configuration does not trust what the webhook serves',
    page: `${RUNBOOK}#when-the-certificate-is-not-trusted`,
  },
  'certificate-expired': {
    meaning: 'the certificate of the webhook has run out',
    page: `${RUNBOOK}#when-the-certificate-is-not-trusted`,
  },
  'certificate-not-renewed': {
    meaning: 'less than a quarter of the certificate is left; it is renewed at a third',
    page: `${RUNBOOK}#rollcallcertificatenotrenewed`,
  },
  'no-replica': {
    meaning: 'no replica of the webhook is ready',
    page: `${RUNBOOK}#when-no-replica-is-ready`,
  },
  'rollout-incomplete': {
    meaning: 'replicas from before the last change serve, and those after it are not ready yet',
    page: `${RUNBOOK}#when-no-replica-is-ready`,
  },
  'settings-unknown': {
    meaning: 'the webhook has settings that this version of the command does not know',
    page: `${OPERATIONS}#versions-that-work-together`,
  },
  'one-replica': {
    meaning: 'one replica of the webhook is ready, so that its end is an outage',
    page: `${RUNBOOK}#rollcallwebhookreplicadown`,
  },
  'drain-blocked': {
    meaning: 'a PodDisruptionBudget lets no replica of the webhook go, so that a drain of its node waits',
    page: `${RUNBOOK}#rollcallwebhookreplicadown`,
  },
  'access-missing': {
    meaning: 'a labelled namespace has no account, or no binding, for sidecars',
    page: `${RUNBOOK}#rollcallaccessfails`,
  },
  'grant-missing': {
    meaning: 'the binding of a namespace does not let those in, or others, than its annotation grants',
    page: `${GRANTS}#what-can-go-wrong`,
  },
  'grant-idle': {
    meaning: 'a grant names what is no namespace, so that a part of it is of no use to anybody',
    page: `${GRANTS}#what-can-go-wrong`,
  },
  'namespace-left-out': {
    meaning: 'the webhook configuration leaves out the namespace in which a pod was to be tried',
    page: `${OPERATIONS}#check`,
  },
  'pods-left-out': {
    meaning: 'pods ask for the sidecar where the webhook configuration leaves them out',
    page: `${RUNBOOK}#when-pods-were-missed`,
  },
  'pods-missed': {
    meaning: 'pods that ask for the sidecar run without it',
    page: `${RUNBOOK}#when-pods-were-missed`,
  },
  'sidecars-not-started': {
    meaning: 'kubelets can not start sidecars: the image, a volume, or a crash',
    page: `${RUNBOOK}#when-sidecars-do-not-start`,
  },
  'sidecars-stale': {
    meaning: 'sidecars can not follow their group',
    page: `${RUNBOOK}#rollcallsidecarsstale`,
  },
  'sidecars-silent': {
    meaning: 'the API server can not ask sidecars',
    page: `${OPERATIONS}#check`,
  },
  'sidecars-old': {
    meaning: 'sidecars are of a version that is not tested together with this one',
    page: `${OPERATIONS}#versions-that-work-together`,
  },
  'group-large': {
    meaning: 'a group is larger than is comfortable for the API server',
    page: `${RUNBOOK}#rollcallgrouptoolarge`,
  },
  'call-timeout': {
    meaning: 'the API server can not open a connection to the webhook: a firewall, or a NetworkPolicy',
    page: `${RUNBOOK}#when-calls-time-out`,
  },
  'call-no-endpoints': {
    meaning: 'the Service of the webhook leads nowhere',
    page: `${RUNBOOK}#when-no-replica-is-ready`,
  },
  'call-no-connection': {
    meaning: 'the API server is refused at the address of the webhook',
    page: `${RUNBOOK}#when-no-replica-is-ready`,
  },
  'call-certificate': {
    meaning: 'the API server does not trust the certificate that the webhook serves',
    page: `${RUNBOOK}#when-the-certificate-is-not-trusted`,
  },
  'call-fault': {
    meaning: 'the webhook answered the API server with a fault',
    page: `${RUNBOOK}#rollcalladmissionfaults`,
  },
  'not-injected': {
    meaning: 'a pod that asks does not get the sidecar',
    page: `${RUNBOOK}#decision-tree`,
  },
  'pod-refused': {
    meaning: 'a pod that asks is refused, by somebody else',
    page: `${RUNBOOK}#decision-tree`,
  },
  'not-tried': {
    meaning: 'the user of the kubeconfig may not create pods, so none was tried',
    page: `${OPERATIONS}#check`,
  },
} as const satisfies Record<string, Explained>;

export type CheckCode = keyof typeof codes;

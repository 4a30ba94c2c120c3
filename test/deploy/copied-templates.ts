/** The templates of the chart that have no options: what deploy/ has, in the namespace of the release. */

import { readFileSync } from 'node:fs';

interface Copy {
  /** The path in deploy/. */
  from: string;
  /** The path in deploy/chart/templates. */
  to: string;
  /** The condition, in the words of Helm, without which nothing of it is installed. */
  when?: string;
}

export const COPIES: readonly Copy[] = [
  { from: 'rbac.yaml', to: 'rbac.yaml' },
  {
    from: 'self-managed.yaml',
    to: 'self-managed.yaml',
    when: 'eq .Values.certificates.source "selfManaged"',
  },
  {
    from: 'cert-manager/issue/issuer.yaml',
    to: 'cert-manager.yaml',
    when: 'include "rollcall.issues" .',
  },
  { from: 'policies.yaml', to: 'policies.yaml' },
  { from: 'flow-control.yaml', to: 'flow-control.yaml', when: '.Values.flowControl.enabled' },
  { from: 'webhook-policy.yaml', to: 'webhook-policy.yaml' },
  { from: 'require-injection/policy.yaml', to: 'require-injection.yaml', when: '.Values.requireInjection' },
  {
    from: 'openshift/owner-check.yaml',
    to: 'openshift.yaml',
    when: 'and (eq .Values.platform "openshift") (eq .Values.certificates.source "selfManaged")',
  },
];

const LABELS = '  labels:\n    app.kubernetes.io/part-of: rollcall\n';
const RELEASE = '{{ .Release.Namespace }}';
/** A name such as 123 is a number where no quotes are. */
const QUOTED = '{{ .Release.Namespace | quote }}';

export function copiedTemplate({ from, when }: Copy): string {
  const text = readFileSync(new URL(`../../deploy/${from}`, import.meta.url), 'utf8');
  if (text.includes('{{')) throw new Error(`deploy/${from} has "{{", which Helm would take for its own`);
  const documents = text
    .split(/^---\n/m)
    .map(withLabels)
    .join('---\n');
  const inNamespace = documents
    .replace(/(: |\[)rollcall-system(?=$|,|\])/gm, `$1${QUOTED}`)
    .replaceAll('rollcall-system', RELEASE);
  const note = `# Generated from deploy/${from} by \`npm run golden\`; change it there.\n`;
  if (when === undefined) return note + inNamespace;
  return `${note}{{- if ${when} }}\n${inNamespace}{{- end }}\n`;
}

/** The labels that the kustomization adds. */
function withLabels(document: string): string {
  const labelled = document.replace(/^metadata:\n {2}name: \S+\n( {2}namespace: \S+\n)?/m, `$&${LABELS}`);
  if (labelled === document) throw new Error(`an object without a name: ${document.slice(0, 80)}`);
  return labelled;
}

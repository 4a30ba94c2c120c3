/** The files that are made from the table of values: values.yaml, its JSON schema, and the chart's page. */

import { stringify } from 'yaml';
import { type ChartValue, VALUES } from './values-table.ts';

const GENERATED = 'Generated from test/deploy/values-table.ts by `npm run golden`; change it there.';

/** A tree of the values by the parts of their paths. */
type Tree = Map<string, Tree | ChartValue>;

function treeOf(values: readonly ChartValue[]): Tree {
  const root: Tree = new Map();
  for (const value of values) {
    const parts = value.path.split('.');
    let tree = root;
    for (const part of parts.slice(0, -1)) {
      const inner = tree.get(part) ?? new Map();
      if (!(inner instanceof Map)) throw new Error(`${value.path}: "${part}" is a value already`);
      tree.set(part, inner);
      tree = inner;
    }
    tree.set(parts.at(-1)!, value);
  }
  return root;
}

/** values.yaml: each value with its default, and what it is for above. */
export function valuesYaml(): string {
  return `# ${GENERATED}\n\n${linesOf(treeOf(VALUES), '').join('\n')}\n`;
}

function linesOf(tree: Tree, indent: string): string[] {
  return [...tree].flatMap(([name, inner]) =>
    inner instanceof Map
      ? [`${indent}${name}:`, ...linesOf(inner, `${indent}  `)]
      : [`${indent}# ${inner.doc}`, `${indent}${name}: ${inline(inner.default)}`],
  );
}

function inline(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', defaultStringType: 'QUOTE_DOUBLE' }).trim();
}

/** values.schema.json. Helm refuses values that it does not allow, unknown ones too. */
export function valuesSchema(): string {
  const { properties, ...rest } = schemaOf(treeOf(VALUES));
  // Helm gives `global` to every chart that another one depends on.
  const schema = { ...rest, properties: { ...properties, global: { type: 'object' } } };
  return `${JSON.stringify({ $schema: 'http://json-schema.org/draft-07/schema#', $comment: GENERATED, ...schema }, null, 2)}\n`;
}

function schemaOf(tree: Tree) {
  const properties: Record<string, unknown> = {};
  for (const [name, inner] of tree) {
    properties[name] =
      inner instanceof Map
        ? schemaOf(inner)
        : { description: inner.doc, ...inner.schema, default: inner.default };
  }
  return { type: 'object', additionalProperties: false, properties };
}

/** README.md of the chart, which is what people read where charts are listed. */
export function chartPage(): string {
  const rows = VALUES.map(
    ({ path, default: value, doc }) => `| \`${path}\` | \`${JSON.stringify(value)}\` | ${doc} |`,
  );
  return `<!-- ${GENERATED} -->

# Rollcall

Live, trustworthy group membership for Kubernetes pods: a webhook injects a small sidecar, and the application
reads lines of JSON from a Unix socket. It needs Kubernetes 1.33 or newer, and Helm 3.17 or newer.

\`\`\`sh
helm install rollcall deploy/chart --namespace rollcall-system --create-namespace --wait
\`\`\`

With its default values the chart installs what \`kubectl apply -k deploy\` does, but for the namespace itself.
One release fits into a cluster. \`docs/install.md\` of the project tells how to install in stages, to change from
one way to another, and to uninstall.

| value | default | what it says |
| --- | --- | --- |
${rows.join('\n')}
`;
}

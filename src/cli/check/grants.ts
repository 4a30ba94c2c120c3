import { keys } from '../../inject/annotations.ts';
import { grantOf } from '../../inject/granted-names.ts';
import { EXCLUDED_NAMESPACES, GRANT_BINDING } from '../../inject/names.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { listed } from '../cluster/listing.ts';
import { at, type Fields, isFields } from '../document/value.ts';
import { named } from '../named.ts';
import { type CheckContext, type Finding, fail, ok, warn } from './finding.ts';

/** The grant of one namespace. `to` holds the namespaces that can have a grant. */
interface Granted {
  name: string;
  to: string[];
  /** The words of the annotation that grant nothing to anybody. */
  idle: string[];
}

/** Checks that the bindings of grants are as the annotations say, and that each grant names a namespace that exists. */
export async function grants({ cluster, system, namespaces }: CheckContext): Promise<Finding> {
  const all = await namespaces();
  const excluded = [...EXCLUDED_NAMESPACES, system];
  const granted = grantedOf(all, excluded);
  const bound = await boundTo(cluster);
  const wrong = granted.filter(({ name, to }) => to.toSorted().join() !== (bound.get(name) ?? []).join());
  if (wrong.length > 0) {
    return fail(
      'grant-missing',
      `the binding ${GRANT_BINDING} is not as the annotation ${keys.grant.key} says in ${named(wrong.map(({ name }) => name))}`,
      `the webhook mends it within seconds; kubectl -n ${system} logs deployment/rollcall says why not`,
    );
  }
  const idle = granted.flatMap(({ name, idle: words }) => words.map((word) => `${word} by ${name}`));
  if (idle.length > 0) {
    return warn(
      'grant-idle',
      `grants to what is no namespace that can have one: ${named(idle)}`,
      `take them out of the annotation ${keys.grant.key}, or mend their names`,
    );
  }
  return ok(
    `namespaces that grant others to look at their Services: ${granted.filter(({ to }) => to.length > 0).length}`,
  );
}

function grantedOf(namespaces: readonly Fields[], excluded: readonly string[]): Granted[] {
  const names = new Set(namespaces.map(nameOf));
  return namespaces
    .filter(
      (one) => !excluded.includes(nameOf(one)) && at(one, ['metadata', 'deletionTimestamp']) === undefined,
    )
    .map((one) => {
      const name = nameOf(one);
      const text = at(one, ['metadata', 'annotations', keys.grant.key]);
      const { names: words, ignored } = grantOf(typeof text === 'string' ? text : undefined);
      const to = words.filter((word) => word !== name && !excluded.includes(word));
      const idle = [...words.filter((word) => !to.includes(word) || !names.has(word)), ...ignored];
      return { name, to, idle };
    });
}

/** Returns the namespaces whose accounts the bindings of grants let in, by the namespace that grants. */
async function boundTo(cluster: Cluster): Promise<Map<string, string[]>> {
  const bound = new Map<string, string[]>();
  const fieldSelector = `metadata.name=${GRANT_BINDING}`;
  for await (const { metadata, subjects } of listed(cluster, { kind: 'RoleBinding' }, { fieldSelector })) {
    const all = Array.isArray(subjects) ? subjects.filter(isFields) : [];
    const names = new Set(all.map(({ namespace }) => String(namespace)));
    bound.set(String(at(metadata, ['namespace'])), [...names].toSorted());
  }
  return bound;
}

function nameOf(namespace: Fields): string {
  return String(at(namespace, ['metadata', 'name']));
}

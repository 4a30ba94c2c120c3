/**
 * Label and field selectors, as far as the clients under test use them.
 */

import type { ApiObject } from './objects.ts';
import { apiError } from './paths.ts';

export type Matches = (object: ApiObject) => boolean;

/** `labelSelector` with `a=b`, `a==b`, `a!=b`, `a`, `!a`; `fieldSelector` with name and namespace. */
export function selector(query: URLSearchParams): Matches {
  const labels = terms(query.get('labelSelector')).map(labelTerm);
  const fields = terms(query.get('fieldSelector')).map(fieldTerm);
  return (object) => [...labels, ...fields].every((matches) => matches(object));
}

function terms(text: string | null): string[] {
  return (text ?? '').split(',').filter(Boolean);
}

function labelTerm(term: string): Matches {
  const parsed = /^(!?)([\w./-]+)(?:\s*(=|==|!=)\s*([\w.-]*))?$/.exec(term.trim());
  if (!parsed) throw apiError(400, `unable to parse requirement: ${term}`);
  const [, not, key = '', operator, value] = parsed;
  return (object) => {
    const label = object.metadata?.labels?.[key];
    if (!operator) return (label !== undefined) === (not === '');
    return operator === '!=' ? label !== value : label === value;
  };
}

function fieldTerm(term: string): Matches {
  const parsed = /^metadata\.(name|namespace)==?(.*)$/.exec(term);
  if (!parsed) throw apiError(400, `field label not supported: ${term}`);
  const [, field = '', value] = parsed;
  return (object) => object.metadata?.[field] === value;
}

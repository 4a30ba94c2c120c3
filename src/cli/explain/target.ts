import { UsageError } from '../../config.ts';
import { KINDS, type KindName, NAMED_KINDS } from '../cluster/kinds.ts';

/** An object of a cluster, by its name. */
export interface Target {
  kind: KindName;
  name: string;
}

/** Reads `pod/db-0`, `deploy/web` and the like. Throws a `UsageError` with the kinds that there are. */
export function targetOf(operand: string): Target {
  const [given = '', name = '', ...more] = operand.split('/');
  const word = given.toLowerCase();
  const kind = NAMED_KINDS.find((one) =>
    [one.toLowerCase(), KINDS[one].plural, KINDS[one].short].includes(word),
  );
  if (kind === undefined || name === '' || more.length > 0) {
    const kinds = NAMED_KINDS.map((one) => one.toLowerCase()).join(', ');
    throw new UsageError(`"${operand}" is not KIND/NAME; give pod/NAME, or a name of ${kinds}`);
  }
  return { kind, name };
}

/** More names than these are counted: a finding is one line. */
const NAMED = 5;

/** Some of the names, and how many there are besides. */
export function named(names: readonly string[]): string {
  const shown = names.slice(0, NAMED).join(', ');
  return names.length > NAMED ? `${shown} and ${names.length - NAMED} more` : shown;
}

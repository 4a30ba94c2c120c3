/** The number of names that are shown, since a message is one line. The others are counted. */
const NAMED = 5;

/** Returns the first names, and the number of the others. */
export function named(names: readonly string[]): string {
  const shown = names.slice(0, NAMED).join(', ');
  return names.length > NAMED ? `${shown} and ${names.length - NAMED} more` : shown;
}

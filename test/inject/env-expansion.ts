/** Returns the variables of a container after Kubernetes has expanded each `$`. */
export function expanded(env: readonly { name: string; value: string }[]): Record<string, string> {
  const known: Record<string, string> = {};
  for (const { name, value } of env) known[name] = expand(value, known);
  return known;
}

/** `$$` is one dollar, `$(NAME)` a variable that came before, and all else stands as it is. */
function expand(value: string, known: Readonly<Record<string, string>>): string {
  let result = '';
  for (let at = 0; at < value.length; at += 1) {
    const next = value[at + 1];
    if (value[at] !== '$' || next === undefined) {
      result += value[at];
    } else if (next === '$') {
      result += '$';
      at += 1;
    } else if (next === '(' && value.indexOf(')', at) !== -1) {
      const end = value.indexOf(')', at);
      const name = value.slice(at + 2, end);
      result += Object.hasOwn(known, name) ? known[name] : value.slice(at, end + 1);
      at = end;
    } else {
      result += `$${next}`;
      at += 1;
    }
  }
  return result;
}

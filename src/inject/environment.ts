import { variableName } from '../setting.ts';
import { type SidecarSetting, sidecarSettings } from '../sidecar-settings.ts';

/** The values of settings, under the keys of their rows. What is no setting is left out. */
export type EnvironmentValues = Readonly<Record<string, unknown>>;

export type Variable =
  | { name: string; value: string }
  | { name: string; valueFrom: { fieldRef: { apiVersion: string; fieldPath: string } } };

/** Returns the variables of the injected container: what the pod knows, and what differs from the defaults. */
export const environment = environmentBy(sidecarSettings);

/** The same by another table. The defaults, which the sidecar knows itself, are parsed once. */
export function environmentBy(
  settings: Readonly<Record<string, SidecarSetting<unknown>>>,
): (values: EnvironmentValues) => Variable[] {
  const rows = Object.entries(settings);
  const defaults: EnvironmentValues = Object.fromEntries(
    rows.map(([name, { default: given, parse }]) => [name, given === undefined ? '' : textOf(parse(given))]),
  );
  const differs = (name: string, values: EnvironmentValues): boolean => {
    const text = textOf(values[name]);
    return text !== '' && text !== defaults[name];
  };
  return (values) =>
    rows.flatMap(([key, { podField, goesWith }]): Variable[] => {
      const name = variableName(key);
      if (podField !== undefined) {
        return [{ name, valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: podField } } }];
      }
      return (goesWith ?? [key]).some((one) => differs(one, values))
        ? [{ name, value: literal(textOf(values[key])) }]
        : [];
    });
}

/** Returns the text that the sidecar reads. Of several values, each has a line. */
function textOf(value: unknown): string {
  return Array.isArray(value) ? value.join('\n') : `${value ?? ''}`;
}

/** Returns the text as Kubernetes wants it, which takes `$(NAME)` for a variable and `$$` for a dollar. */
function literal(text: string): string {
  return text.replaceAll('$', '$$$$');
}

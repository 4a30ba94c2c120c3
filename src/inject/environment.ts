import { variableName } from '../setting.ts';
import { type SidecarSetting, sidecarSettings } from '../sidecar-settings.ts';

/** The values of settings, under the keys of their rows. What is no setting is left out. */
export type EnvironmentValues = Readonly<Record<string, unknown>>;

export type Variable =
  | { name: string; value: string }
  | { name: string; valueFrom: { fieldRef: { apiVersion: string; fieldPath: string } } };

/** Returns the variables of the injected container: what the pod knows, and what differs from the defaults. */
export const environment = environmentBy(sidecarSettings);

/** Returns the function by a table of settings. The defaults, which the sidecar knows itself, are parsed once. */
export function environmentBy(
  settings: Readonly<Record<string, SidecarSetting<unknown>>>,
): (values: EnvironmentValues) => Variable[] {
  const entries = Object.entries(settings);
  const defaults: EnvironmentValues = Object.fromEntries(
    entries.map(([key, { default: given, parse }]) => [key, given === undefined ? '' : textOf(parse(given))]),
  );
  // Every review comes through here, so what does not depend on the values is made once.
  const rows = entries.map(([key, { podField, goesWith = [key] }]) => {
    const name = variableName(key);
    const field: Variable | undefined =
      podField === undefined
        ? undefined
        : { name, valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: podField } } };
    return { key, name, field, goesWith };
  });
  const differs = (key: string, values: EnvironmentValues): boolean => {
    const value = values[key];
    return value !== undefined && textOf(value) !== defaults[key];
  };
  return (values) => {
    const variables: Variable[] = [];
    for (const { key, name, field, goesWith } of rows) {
      if (field !== undefined) variables.push(field);
      else if (goesWith.some((one) => differs(one, values)))
        variables.push({ name, value: literal(textOf(values[key])) });
    }
    return variables;
  };
}

/** Returns the text that the sidecar reads. Of several values, each has a line. */
function textOf(value: unknown): string {
  return Array.isArray(value) ? value.join('\n') : `${value ?? ''}`;
}

/** Returns the text as Kubernetes wants it, which takes `$(NAME)` for a variable and `$$` for a dollar. */
function literal(text: string): string {
  return text.replaceAll('$', '$$$$');
}

import { variableName } from '../setting.ts';
import { type SidecarSetting, sidecarSettings } from '../sidecar-settings.ts';

/** The values of settings, under the keys of their rows. What is no setting is left out. */
export type Values = Readonly<Record<string, unknown>>;

export type Variable =
  | { name: string; value: string }
  | { name: string; valueFrom: { fieldRef: { apiVersion: string; fieldPath: string } } };

const ROWS = Object.entries<SidecarSetting<unknown>>(sidecarSettings);

/** The texts of the defaults, which the sidecar knows itself. */
const DEFAULTS: Values = Object.fromEntries(
  ROWS.map(([name, { default: given, parse }]) => [name, given === undefined ? '' : textOf(parse(given))]),
);

/** Returns the variables of the injected container: what the pod knows, and what differs from the defaults. */
export function environment(values: Values): Variable[] {
  return ROWS.flatMap(([name, { podField, goesWith }]): Variable[] => {
    if (podField !== undefined)
      return [
        { name: variableName(name), valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: podField } } },
      ];
    if (!differs(goesWith ?? name, values)) return [];
    return [{ name: variableName(name), value: literal(textOf(values[name])) }];
  });
}

function differs(name: string, values: Values): boolean {
  const text = textOf(values[name]);
  return text !== '' && text !== DEFAULTS[name];
}

/** Returns the text that the sidecar reads. Of several values, each has a line. */
function textOf(value: unknown): string {
  return Array.isArray(value) ? value.join('\n') : `${value ?? ''}`;
}

/** Returns the text as Kubernetes wants it, which takes `$(NAME)` for a variable and `$$` for a dollar. */
function literal(text: string): string {
  return text.replaceAll('$', '$$$$');
}

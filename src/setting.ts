/** A setting of a command that runs in a pod. Its names are made from its key. */
export interface Setting<T> {
  /** The meaning of the setting, in Markdown: for docs/reference.md, and without its marks for the help. */
  doc: string;
  /** The values that the command line takes and annotations do not. */
  note?: string;
  /** The placeholder of the value in the help, beside the flag. */
  value: string;
  /** The default, as the user would write it. Without one the setting may stay unset. */
  default?: string;
  required?: true;
  /** The flag may be given several times. The variable has one value on each line. */
  repeated?: true;
  /** Reads the value. Throws an error whose message says what to give instead. */
  parse(text: string): T;
}

export type SettingsTable = Readonly<Record<string, Setting<unknown>>>;

/** The values of all settings of a command. */
export type Config<S extends SettingsTable> = {
  readonly [K in keyof S]: S[K] extends { repeated: true }
    ? readonly ReturnType<S[K]['parse']>[]
    : S[K] extends { default: string } | { required: true }
      ? ReturnType<S[K]['parse']>
      : ReturnType<S[K]['parse']> | undefined;
};

/** Returns `wait-for` for the key `waitFor`. Flags and annotations are named so. */
export function kebabCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Returns `--wait-for` for the key `waitFor`. */
export function flagOf(key: string): string {
  return `--${kebabCase(key)}`;
}

/** Returns `ROLLCALL_WAIT_FOR` for the key `waitFor`. */
export function variableName(key: string): string {
  return `ROLLCALL_${kebabCase(key).replaceAll('-', '_').toUpperCase()}`;
}

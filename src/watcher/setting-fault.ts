/** The settings of a watch that only its user can mend, under the keys that the options of the library have. */
export type SettingKey =
  | 'namespace'
  | 'service'
  | 'selector'
  | 'server'
  | 'tokenFile'
  | 'caFile'
  | 'directory'
  | 'waitFor'
  | 'waitForGroup'
  | 'expected'
  | 'memberLabels';

/** The fault of a setting. */
export interface Fault {
  key: SettingKey;
  /** The value that was given; undefined when there is none. */
  value?: string | undefined;
  /** The predicate of the sentence about the value: `is empty`. */
  sentence: string;
  /** The advice: `give a file that holds a bearer token`. */
  remedy: string;
}

/**
 * A setting that can't be used. Its caller knows what the user calls the setting (a flag, an option, a flag with
 * one dash), and renders the fault with that name.
 */
export class SettingFault extends Error implements Fault {
  readonly key: SettingKey;
  readonly value: string | undefined;
  readonly sentence: string;
  readonly remedy: string;

  constructor(fault: Fault) {
    super(rendered(fault, fault.key));
    this.key = fault.key;
    this.value = fault.value;
    this.sentence = fault.sentence;
    this.remedy = fault.remedy;
  }

  /** Returns the fault as a message, with the name that the user knows the setting by. */
  named(name: string): string {
    return rendered(this, name);
  }

  /** Returns what is wrong, without the name and the remedy, for a caller who has a remedy of its own. */
  get reason(): string {
    return this.value === undefined ? this.sentence : `"${this.value}" ${this.sentence}`;
  }
}

function rendered({ value, sentence, remedy }: Fault, name: string): string {
  const subject = value === undefined ? name : `${name}: "${value}"`;
  return `${subject} ${sentence}; ${remedy}`;
}

/**
 * The cases of test/golden. `base.yaml` has a pod in full, the patch that it gets and why. Each other file
 * is one case: what it is about, how its input differs from the base's (RFC 6902 operations), and the
 * difference that this makes to the patch and to the report.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { Context } from '../../src/inject/inject.ts';
import { applied, type Operation } from '../../src/inject/operations.ts';
import type { Install } from '../../src/inject/plan.ts';
import type { LimitRangeItem, Pod } from '../../src/inject/pod.ts';
import { INSTALL } from './pods.ts';

export interface Input {
  namespace: {
    name: string;
    labels: Record<string, string>;
    annotations?: Record<string, string>;
    limits?: LimitRangeItem[];
  };
  /** The differences of the installation from the usual one; null leaves a part of it out. */
  install?: Partial<Omit<Install, 'shellImage'>> & { shellImage?: null };
  dryRun?: boolean;
  pod: Pod;
  /** The pod is seen again: injected and filled in, and with this done to it by others. */
  seen?: Operation[];
}

export interface Case {
  name: string;
  file: string;
  /** The one thing that the case is about. */
  about: string;
  input: Input;
}

const directory = fileURLToPath(new URL('../golden/', import.meta.url));

const files = readdirSync(directory).map((name) => {
  const file = directory + name;
  return { name: name.replace(/\.yaml$/, ''), file, written: parse(readFileSync(file, 'utf8')) };
});
const { input } = files.find(({ name }) => name === 'base')!.written as { input: Input };

export const cases: Case[] = files.map(({ name, file, written: { about, given = [] } }) => ({
  name,
  file,
  about,
  // A copy: what one case's operations leave as it is would be shared with the others.
  input: structuredClone(applied(input, given as Operation[])),
}));

export const base: Case = cases.find(({ name }) => name === 'base')!;

export function contextOf({ namespace, install = {}, dryRun = false }: Input): Context {
  const { shellImage, ...rest } = { ...INSTALL, ...install };
  return {
    namespace: { annotations: {}, ...namespace },
    install: shellImage === null ? rest : { ...rest, shellImage },
    dryRun,
  };
}

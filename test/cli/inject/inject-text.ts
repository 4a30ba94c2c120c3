/** `rollcall inject` over a text. */
import { parseAllDocuments } from 'yaml';
import type { Pod } from '../../../src/inject/pod.ts';
import { type Outcome, run, withoutAdvice } from '../run.ts';

export interface Manifest {
  kind: string;
  metadata: { name: string; namespace?: string };
  subjects: { name: string; namespace: string }[];
  spec: { template: Pod; jobTemplate: { spec: { template: Pod } } };
  items: Manifest[];
}

/** Returns the documents of a text, as values. */
export const documents = (text: string) =>
  parseAllDocuments(text).map((document) => document.toJS() as Manifest);

/** Injects into a text; the advice about pull secrets, which comes with any account, is left out. */
export async function inject(input: string, ...argv: string[]): Promise<Outcome> {
  return withoutAdvice(await run('inject', ['-f', '-', ...argv], { input }));
}

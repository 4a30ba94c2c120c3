/**
 * A pod that asks, which the tests beside this file write as strangers do: each of them is a kind of fault that
 * a release has had.
 */
import assert from 'node:assert/strict';
import { parse } from '../../../src/cli/document/parse.ts';
import type { Value } from '../../../src/cli/document/value.ts';
import { run, withoutAdvice } from '../run.ts';

/** The annotations by which a pod asks. */
export const ASKS = 'rollcall.dev/inject: "true", rollcall.dev/service: x';
/** The lines with which a pod that asks begins. */
export const HEAD = `apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  annotations: {${ASKS}}\n`;
export const CONTAINERS = '  containers:\n  - name: c\n    image: i\n';

export const inject = async (input: string | Uint8Array, ...argv: string[]) =>
  withoutAdvice(await run('inject', ['-f', '-', '--no-access', ...argv], { input }));

/** Injected, with the value of the last document; and what uninject gives back is what was given. */
export async function injected(
  input: string,
  ...argv: string[]
): Promise<{ out: string; value: Value; err: string }> {
  const { out, err, code } = await inject(input, ...argv);
  assert.equal(code, 0, err);
  assert.match(err, /: injected$/m);
  const back = await run('uninject', ['-f', '-'], { input: out });
  assert.equal(back.out, input);
  return { out, err, value: parse(out.split(/^---\n/m).at(-1)!).value };
}

export async function refused(input: string): Promise<string> {
  const { out, err, code } = await inject(input);
  assert.deepEqual([out, code], ['', 1]);
  return err;
}

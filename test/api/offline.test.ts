/**
 * The commands for files against kubectl: what it reads of their output is what it reads of their input and
 * the planned patch, and uninject gives back byte for byte what inject was given.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { applyOperations } from '../../src/cli/document/operations.ts';
import { parse } from '../../src/cli/document/parse.ts';
import { at, type Fields, isFields, type Path, replaceAt, type Value } from '../../src/cli/document/value.ts';
import { judge, offlineInstallOf } from '../../src/cli/inject/judge.ts';
import { itemsOf, workloadsOf } from '../../src/cli/workloads.ts';
import { STATUS_KEY } from '../../src/inject/names.ts';
import { type Case, oddRuns } from './odd-runs.ts';

const DOCUMENTS = Number(process.env.ROLLCALL_ODD_DOCUMENTS ?? 5_000);
const SEED = Number(process.env.ROLLCALL_SEED ?? 1);
const PATH = `${process.env.KUBEBUILDER_ASSETS ?? '/usr/local/kubebuilder/bin'}${delimiter}${process.env.PATH}`;

const skip =
  spawnSync('kubectl', ['version', '--client'], { env: { PATH } }).status === 0
    ? false
    : 'kubectl is not on the PATH, and it is what these tests compare with';

describe('files as kubectl reads them', { skip }, () => {
  const cases: Case[] = [];
  let read: Map<string, Value>;
  let readAfter: Map<string, Value>;

  before(async () => {
    cases.push(...(await oddRuns(SEED, DOCUMENTS)));
    [read, readAfter] = await Promise.all([
      kubectlReads(cases.map(({ name, input }) => [name, input])),
      kubectlReads(cases.filter(({ code }) => code === 0).map(({ name, output }) => [name, output])),
    ]);
  });

  const readable = ({ name }: Case) => namesOf(name).some((one) => read.has(one));

  test('the documents are worth it: most are read by kubectl', () => {
    const count = cases.filter(readable).length;
    assert.ok(count > DOCUMENTS * 0.8, `${count} of ${DOCUMENTS}`);
  });

  test('what kubectl reads is read', () => {
    const refused = cases.filter((one) => readable(one) && /^rollcall: /.test(one.err) && one.code !== 0);
    show(refused.filter(({ err }) => !/refused \(/.test(err)));
  });

  test('what comes out is what kubectl reads of the input, and the planned patch', () => {
    const wrong = cases.filter((one) => {
      if (one.code !== 0) return false;
      return namesOf(one.name).some((name) => {
        const [was, is] = [read.get(name), readAfter.get(name)];
        return was === undefined ? false : !isDeepStrictEqual(withoutTexts(is), planned(was));
      });
    });
    show(wrong);
  });

  test('uninject gives back byte for byte what inject was given', () => {
    show(cases.filter(({ code, input, back }) => code === 0 && Buffer.compare(input, back) !== 0));
  });
});

function namesOf(name: string): string[] {
  return [name, `${name}-0`, `${name}-1`, `${name}-2`];
}

function show(wrong: readonly Case[]): void {
  const texts = wrong
    .slice(0, 3)
    .map(({ input, output, err }) =>
      [JSON.stringify(Buffer.from(input).toString()), Buffer.from(output).toString().slice(-3000), err].join(
        '\n----\n',
      ),
    );
  assert.equal(wrong.length, 0, `${wrong.length} of them, such as\n${texts.join('\n========\n')}`);
}

/** Returns what kubectl reads in these files, by the names of the objects. One process reads them all. */
async function kubectlReads(files: [name: string, bytes: Uint8Array][]): Promise<Map<string, Value>> {
  const directory = await mkdtemp(join(tmpdir(), 'rollcall-offline-'));
  await mkdir(directory, { recursive: true });
  for (const [name, bytes] of files) await writeFile(join(directory, `${name}.yaml`), bytes);
  const argv = ['annotate', '--local', '-f', directory, 'zz=b', '-o', 'json'];
  // kubectl reports a file that it can't read on stderr, and goes on with the rest.
  const { stdout } = spawnSync('kubectl', argv, { env: { PATH }, maxBuffer: 2 ** 30 });
  await rm(directory, { recursive: true });
  const objects = stdout
    .toString()
    .split(/(?<=^\})\n/m)
    .filter((text) => text.trim() !== '');
  return new Map(
    objects.map((text) => {
      const value = parse(text).value as Fields;
      return [String(at(value, ['metadata', 'name'])), value];
    }),
  );
}

const INSTALL = offlineInstallOf({ default: [] });

/** Injects by the core alone, from what kubectl has read. */
function planned(value: Value): Value {
  return itemsOf(value)
    .flatMap(workloadsOf)
    .reduce((result, workload) => {
      const namespace = { name: 'default', labels: {}, annotations: {} };
      const { patch } = judge(workload, namespace, INSTALL).report;
      const template = at(result, workload.templatePath)!;
      return replaceAt(result, workload.templatePath, applyOperations(template, patch));
    }, value);
}

/** What the status remembers of the text is nothing that kubectl reads. */
function withoutTexts(value: Value | undefined): Value | undefined {
  if (!isFields(value)) return value;
  return itemsOf(value)
    .flatMap(workloadsOf)
    .reduce<Value>((result, { templatePath }) => {
      const path: Path = [...templatePath, 'metadata', 'annotations', STATUS_KEY];
      const status = at(result, path);
      if (typeof status !== 'string') return result;
      const { texts: _, ...rest } = JSON.parse(status) as Fields;
      return replaceAt(result, path, JSON.stringify(rest));
    }, value);
}

/** The bodies of reviews in files, for the generator; those of injected pods are made by asking. */
import { writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { apply_patch } from 'jsonpatch';
import type { Pod } from '../../src/inject/pod.ts';
import { directory } from '../processes.ts';
import { type Differences, differingPlaces } from './differences.ts';
import { askingPod, type Outcome, reviewOf, SIZES, type Size, silentPod } from './reviews.ts';
import type { Subject } from './subjects.ts';

/** The file of one review. */
export type Bodies = (subject: Subject, size: Size, outcome: Outcome) => string;

export interface Prepared {
  bodies: Bodies;
  differences: Differences;
}

/** Asks every webhook to inject each pod once: what it makes of it is its injected pod. */
export async function prepareBodies(subjects: readonly Subject[]): Promise<Prepared> {
  const injected = new Map<string, Pod>();
  for (const size of SIZES) {
    write(`${size}-injecting`, askingPod(size));
    write(`${size}-skipped`, silentPod(size));
    for (const subject of subjects) {
      const pod = await injectedBy(subject, askingPod(size));
      injected.set(`${subject.name}-${size}`, pod);
      write(`${subject.name}-${size}-injected`, pod);
    }
  }
  const bodies: Bodies = ({ name }, size, outcome) =>
    fileOf(outcome === 'injected' ? `${name}-${size}-injected` : `${size}-${outcome}`);
  const differences: Differences = {};
  for (const { name } of subjects) {
    const [ours, theirs] = [injected.get('ours-6'), injected.get(`${name}-6`)];
    if (ours !== undefined && theirs !== undefined) differences[name] = differingPlaces(ours, theirs);
  }
  return { bodies, differences };
}

/** The pod after the patch that the webhook answers with. */
async function injectedBy(subject: Subject, pod: Pod): Promise<Pod> {
  const { response } = (await post(subject, reviewOf(pod))) as { response: { patch?: string } };
  const operations = JSON.parse(Buffer.from(response.patch ?? 'W10=', 'base64').toString());
  return apply_patch(structuredClone(pod), operations);
}

function post({ port, path, name }: Subject, body: object): Promise<unknown> {
  const text = JSON.stringify(body);
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  const target = {
    host: '127.0.0.1',
    port,
    path,
    method: 'POST',
    headers,
    rejectUnauthorized: false,
    agent: false,
  };
  return new Promise((resolve, reject) => {
    const request = httpsRequest(target as object, (response) => {
      let answer = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
      response.on('end', () => {
        if (response.statusCode === 200) resolve(JSON.parse(answer));
        else reject(new Error(`${name} answers ${response.statusCode}: ${answer}`));
      });
    });
    request.on('error', reject).end(text);
  });
}

function write(name: string, pod: Pod): void {
  writeFileSync(fileOf(name), JSON.stringify(reviewOf(pod)));
}

function fileOf(name: string): string {
  return join(directory, `${name}.json`);
}

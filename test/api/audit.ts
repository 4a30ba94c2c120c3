/** The requests of one user to the API server, from its own audit log. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface AuditEvent {
  verb: string;
  requestURI: string;
  objectRef?: { resource: string; namespace?: string; name?: string };
  responseStatus?: { code: number };
}

export class Audit {
  /** Flags for kube-apiserver. */
  readonly args: string[];
  readonly #directory: string;
  readonly #log: string;

  private constructor(directory: string, policy: string) {
    this.#directory = directory;
    this.#log = join(directory, 'audit.log');
    this.args = [`--audit-policy-file=${policy}`, `--audit-log-path=${this.#log}`];
  }

  static async of(user: string): Promise<Audit> {
    const directory = await mkdtemp(join(tmpdir(), 'audit-'));
    const policy = join(directory, 'policy.json');
    const rules = [{ level: 'Metadata', users: [user], omitStages: ['RequestReceived'] }, { level: 'None' }];
    await writeFile(policy, JSON.stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules }));
    return new Audit(directory, policy);
  }

  /** Oldest first; a watch stands there twice, when it was answered and when it ended. */
  async events(): Promise<AuditEvent[]> {
    const text = await readFile(this.#log, 'utf8');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as AuditEvent);
  }

  async remove(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }
}

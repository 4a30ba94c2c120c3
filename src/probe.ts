import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ProbeConfig } from './config.ts';
import { HEALTH_NAME } from './watcher/directory.ts';

const PAUSE_MS = 200;
/** The sidecar answers from memory. */
const ANSWER_MS = 5000;

interface Answer {
  ok: boolean;
  text: string;
}

/**
 * `rollcall probe`: asks the sidecar beside it, for kubelets that can't, and for the start of the
 * containers after it. The exit status is the answer; why it is no goes to stdout, where a kubelet
 * takes it for the Event.
 */
export async function probe({ check, wait, port, directory }: ProbeConfig): Promise<void> {
  const until = performance.now() + wait * 1000;
  for (;;) {
    const { ok, text } = await ask(port, join(directory, HEALTH_NAME), `/${check}`);
    if (ok) return;
    if (performance.now() >= until) {
      process.stdout.write(`${text.trim()}\n`);
      process.exitCode = 1;
      return;
    }
    await delay(PAUSE_MS);
  }
}

function ask(port: number | 'off', socketPath: string, path: string): Promise<Answer> {
  const place = port === 'off' ? { socketPath } : { host: '127.0.0.1', port };
  return new Promise((resolve) => {
    const failed = (error: Error) =>
      resolve({ ok: false, text: `the sidecar does not answer: ${error.message}` });
    const request = process
      .getBuiltinModule('node:http')
      .get({ ...place, path, agent: false, timeout: ANSWER_MS }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (piece: string) => {
          text += piece;
        });
        response.on('end', () => resolve({ ok: response.statusCode === 200, text }));
        response.on('error', failed);
      });
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.on('error', failed);
  });
}

import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ProbeConfig } from '../sidecar-settings.ts';
import { HEALTH_NAME } from '../watcher/contract.ts';

const PAUSE_MS = 200;
/** The longest that an answer takes. The sidecar answers from memory, so 5 s means that it hangs. */
const ANSWER_MS = 5000;

interface Answer {
  ok: boolean;
  text: string;
}

/**
 * The command `rollcall probe`. It asks the sidecar in the same container, where the kubelet can't ask over
 * the network, and holds back the containers that start after it. The exit status is the answer. When the
 * answer is no, the reason goes to stdout, and the kubelet puts it into the Event.
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

import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ProbeConfig } from '../sidecar-settings.ts';
import { HEALTH_NAME, TELL } from '../watcher/contract.ts';

const PAUSE_MS = 200;
/** The longest that an answer takes. The sidecar answers from memory, so 5 s means that it hangs. */
const ANSWER_MS = 5000;
/** The most characters of an answer that are read. The sidecar's is a sentence or two. */
const ANSWER_CHARACTERS = 64 * 1024;

interface ProbeAnswer {
  ok: boolean;
  /** The answer in words: what the application waits for, or all that was answered. */
  text: string;
  /** The sentence that the application was started without what it waited for; undefined once it has been told. */
  news?: string | undefined;
}

/**
 * The command `rollcall probe`. It asks the sidecar in the same container, where the kubelet can't ask over
 * the network, and holds back the containers that start after it. The exit status is the answer. When the
 * answer is no, the reason goes to stdout, and the kubelet puts it into the Event. To tell what the application is
 * started without, the answer is no once more: nothing else that a process says becomes an Event.
 */
export async function probe({ check, wait, port, directory, tell }: ProbeConfig): Promise<void> {
  const until = performance.now() + wait * 1000;
  for (;;) {
    const { ok, text, news } = await ask(
      port,
      join(directory, HEALTH_NAME),
      tell ? `/${check}?${TELL}` : `/${check}`,
    );
    if (ok && tell && news !== undefined) return refuse(news);
    if (ok) return;
    if (performance.now() >= until) return refuse(text);
    await delay(PAUSE_MS);
  }
}

function refuse(text: string): void {
  process.stdout.write(`${text.trim()}\n`);
  process.exitCode = 1;
}

function ask(port: number | 'off', socketPath: string, path: string): Promise<ProbeAnswer> {
  const place = port === 'off' ? { socketPath } : { host: '127.0.0.1', port };
  return new Promise((resolve) => {
    const failed = ({ name, message }: Error) => {
      const why = name === 'AbortError' ? 'no answer in time' : message;
      resolve({ ok: false, text: `the sidecar does not answer: ${why}` });
    };
    const request = process
      .getBuiltinModule('node:http')
      .get({ ...place, path, agent: false, signal: AbortSignal.timeout(ANSWER_MS) }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (piece: string) => {
          text += piece;
          if (text.length > ANSWER_CHARACTERS) request.destroy(new Error('its answer has no end'));
        });
        response.on('end', () => resolve(read(response.statusCode === 200, text)));
        response.on('error', failed);
      });
    request.on('error', failed);
  });
}

/** Reads an answer. What can't be read is shown as it is. */
function read(ok: boolean, text: string): ProbeAnswer {
  try {
    const { waiting, notice, news } = JSON.parse(text) as Record<string, unknown>;
    return {
      ok,
      text: typeof waiting === 'string' ? `rollcall: ${waiting}` : text,
      news: news === true && typeof notice === 'string' ? notice : undefined,
    };
  } catch {
    return { ok, text };
  }
}

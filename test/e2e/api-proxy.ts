/** The API server by plain HTTP, through `kubectl proxy`: for what is asked more often than a program can be started. */

import { BackgroundProcess } from '../support/background-process.ts';

export class ApiProxy {
  readonly #process: BackgroundProcess;
  readonly #base: string;

  private constructor(process: BackgroundProcess, base: string) {
    this.#process = process;
    this.#base = base;
  }

  static async start(): Promise<ApiProxy> {
    const process = new BackgroundProcess('kubectl proxy', 'kubectl', ['proxy', '--port=0']);
    const serving = /^Starting to serve on (\S+)$/;
    const address = await process.until('its address', () =>
      process.output.map((line) => serving.exec(line)?.[1]).find((found) => found !== undefined),
    );
    return new ApiProxy(process, `http://${address}`);
  }

  async request(
    method: string,
    path: string,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; text: string }> {
    const answer = await fetch(this.#base + path, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, text: await answer.text() };
  }

  // biome-ignore lint/suspicious/noExplicitAny: Kubernetes objects; who asks knows which
  async must(method: string, path: string, body?: object, headers?: Record<string, string>): Promise<any> {
    const { status, text } = await this.request(method, path, body, headers);
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text.slice(0, 300)}`);
    return JSON.parse(text);
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}

/**
 * The part of client-node that is used, in a file of its own that is imported when a kubeconfig is read. Since this
 * file names the class, the bundler leaves out the models of the package, which are most of it.
 */
import { KubeConfig as ClientConfig } from '@kubernetes/client-node';
import { type ExecCredentials, execProgram, runProgram } from './exec-program.ts';

type User = NonNullable<ReturnType<ClientConfig['getCurrentUser']>>;
type ClientOptions = Parameters<ClientConfig['applyToHTTPSOptions']>[0];

/** The characters of a token that a header can carry. */
const TOKEN = /^[\x21-\x7e]+$/;

/**
 * A kubeconfig whose programs for credentials are run by us. Those of client-node run without an end, without a bound
 * and once for each request; an output that is none is a fault of its own, and what it says to people is not shown.
 */
export class KubeConfig extends ClientConfig {
  #running: Promise<ExecCredentials> | undefined;
  #given: ExecCredentials | undefined;

  /** Returns the user, with what its program has given out in the place of the program. */
  override getCurrentUser(): User | null {
    const user = super.getCurrentUser();
    if (user === null || this.#given === undefined) return user;
    const { token, certificate } = this.#given;
    return {
      ...user,
      exec: undefined,
      ...(token === undefined ? {} : { token }),
      ...(certificate === undefined ? {} : pairOf(certificate)),
    };
  }

  /** Adds the credentials of the user, and how to trust the server. Rejects with a sentence for people. */
  override async applyToHTTPSOptions(options: ClientOptions): Promise<void> {
    const exec = super.getCurrentUser()?.exec;
    if (exec && !isGood(this.#given)) {
      // Requests come together, and one run is enough for all of them.
      this.#running ??= runProgram(execProgram(exec)).finally(() => {
        this.#running = undefined;
      });
      this.#given = await this.#running;
    }
    const token = this.getCurrentUser()?.token;
    if (token && !TOKEN.test(String(token)))
      throw new Error('the token holds a space, a line break or a character beyond ASCII; correct it');
    await super.applyToHTTPSOptions(options);
  }

  /** Notes that the API server has refused the credentials: a program is run again before the next request. */
  refused(): void {
    this.#given = undefined;
  }
}

function isGood(given: ExecCredentials | undefined): boolean {
  return given !== undefined && (given.expires === undefined || given.expires > Date.now());
}

/** Returns the fields of a user that have a certificate and its key, with those of files out of the way. */
function pairOf({ cert, key }: NonNullable<ExecCredentials['certificate']>) {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  return { certFile: '', keyFile: '', certData: base64(cert), keyData: base64(key) };
}

/** The programs that kubeconfigs name for credentials, as cloud providers have them: client-go calls them exec plugins. */
import { spawn } from 'node:child_process';

/** The longest that a program takes. Somebody may have to log in with a browser meanwhile. */
const PROGRAM_MS = 300_000;
/** The longest output that is read. A token has a few kilobytes, and so have a certificate and its key. */
const OUTPUT_CHARACTERS = 1024 * 1024;

/** The part of a kubeconfig that names the program. */
export interface ExecProgram {
  command: string;
  args: readonly string[];
  /** The variables beside those of this process. */
  environment: Readonly<Record<string, string>>;
  apiVersion: string;
  /** The advice of the kubeconfig for whoever does not have the program. */
  installHint: string | undefined;
}

/** The credentials that a program gives out. */
export interface ExecCredentials {
  token?: string;
  certificate?: { cert: string; key: string };
  /** The time of day, in milliseconds, at which they run out; undefined when the program does not say. */
  expires: number | undefined;
}

type JsonFields = Readonly<Record<string, unknown>>;

/** Reads the `exec` of a user. Throws a sentence where it names no program. */
export function execProgram(exec: unknown): ExecProgram {
  const { command, args, env, apiVersion, installHint } = fieldsOf(exec);
  const name = textOf(command);
  if (name === undefined) throw new Error('exec names no command; give one, or another user');
  const texts = Array.isArray(args) ? args.filter((one) => typeof one === 'string') : [];
  const variables = (Array.isArray(env) ? env : []).map(fieldsOf);
  return {
    command: name,
    args: texts,
    environment: Object.fromEntries(variables.map((one) => [`${one.name}`, `${one.value ?? ''}`])),
    apiVersion: textOf(apiVersion) ?? 'client.authentication.k8s.io/v1',
    installHint: textOf(installHint),
  };
}

/**
 * Runs the program and resolves with what it gives out. Its standard error is that of this process, since it may ask
 * somebody to log in. Rejects with a sentence that names the program and what to do.
 */
export async function runProgram(program: ExecProgram, limitMs = PROGRAM_MS): Promise<ExecCredentials> {
  const output = await outputOf(program, limitMs);
  const status = fieldsOf(fieldsOf(parsed(output)).status);
  const token = textOf(status.token);
  const [cert, key] = [textOf(status.clientCertificateData), textOf(status.clientKeyData)];
  if (token === undefined && (cert === undefined || key === undefined)) {
    // The output may hold a secret although it is no credential, and errors go to logs.
    const wrote = `${output.length} characters`;
    throw failed(
      program,
      `wrote no ExecCredential with a token or a client certificate, but ${wrote}; run it by hand`,
    );
  }
  const expires = Date.parse(`${status.expirationTimestamp}`);
  return {
    ...(token === undefined ? {} : { token }),
    ...(cert === undefined || key === undefined ? {} : { certificate: { cert, key } }),
    expires: Number.isNaN(expires) ? undefined : expires,
  };
}

/** Resolves with all that the program writes, if it ends well and in time. */
function outputOf(program: ExecProgram, limitMs: number): Promise<string> {
  const { command, args, environment, apiVersion } = program;
  const isTerminal = process.stdin.isTTY === true;
  const asked = { kind: 'ExecCredential', apiVersion, spec: { interactive: isTerminal } };
  const child = spawn(command, args, {
    env: { ...process.env, ...environment, KUBERNETES_EXEC_INFO: JSON.stringify(asked) },
    // Nobody can answer without a terminal, and a program that waits for an answer would never end.
    stdio: [isTerminal ? 'inherit' : 'ignore', 'pipe', 'inherit'],
  });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const give = (sentence: string) => {
    child.kill('SIGKILL');
    // Processes that the program has started may hold the pipe open.
    child.stdout?.destroy();
    reject(failed(program, sentence));
  };
  const timer = setTimeout(() => give(`has not ended after ${limitMs / 1000} s; run it by hand`), limitMs);
  let text = '';
  child.on('error', ({ code, message }: NodeJS.ErrnoException) =>
    give(
      code === 'ENOENT'
        ? `is not there; ${program.installHint ?? 'install it, or put it on the PATH'}`
        : `can't be run (${code ?? message}); see to it`,
    ),
  );
  child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
    if (text.length > OUTPUT_CHARACTERS)
      give(`has written more than ${OUTPUT_CHARACTERS} characters; run it by hand`);
  });
  child.on('close', (status, signal) => {
    if (status === 0) resolve(text);
    else give(`has ended with ${signal ?? `status ${status}`}; see what it says, or run it by hand`);
  });
  return promise.finally(() => clearTimeout(timer));
}

function failed({ command }: ExecProgram, sentence: string): Error {
  return new Error(`the program "${command}", which the kubeconfig names for credentials, ${sentence}`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The caller says that this is no credential.
    return undefined;
  }
}

function fieldsOf(value: unknown): JsonFields {
  return typeof value === 'object' && value !== null ? (value as JsonFields) : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

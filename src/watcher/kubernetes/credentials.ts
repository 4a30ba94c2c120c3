import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { SettingFault } from '../setting-fault.ts';

/** The kubelet replaces a token at 80 % of its life; a minute old copy is always still good. */
const REREAD_MS = 60_000;

/** The characters of a token that a header can carry. A file that was cut or mixed up may hold others. */
const TOKEN = /^[\x21-\x7e]+$/;

export interface CredentialFiles {
  tokenFile?: string | undefined;
  caFile?: string | undefined;
}

/** A token and a CA that are held in memory, where no file is given; they are never read again. */
export interface CredentialTexts {
  token?: string | undefined;
  /** PEM. Whoever gives it has made sure that it is a certificate. */
  ca?: string | undefined;
}

/**
 * The token and the CA, read again at least every minute and after a 401. What can't be read or
 * parsed is reported, and the last good value stays in use.
 */
export class Credentials {
  #files: CredentialFiles;
  #clock: Clock;
  #log: Log;
  #readAt = Number.NEGATIVE_INFINITY;
  #token: string | undefined;
  #ca: string | undefined;

  /** Throws a `SettingFault` when a file can't be used at the start, when nothing older could stand in. */
  constructor(files: CredentialFiles & CredentialTexts, clock: Clock, log: Log) {
    this.#files = files;
    this.#clock = clock;
    this.#log = log;
    this.#token = files.tokenFile === undefined ? files.token : readToken(files.tokenFile);
    this.#ca = files.caFile === undefined ? files.ca : readCa(files.caFile);
    this.#readAt = clock.now();
  }

  /** The next `current` reads the files again. */
  expire(): void {
    this.#readAt = Number.NEGATIVE_INFINITY;
  }

  current(): { token: string | undefined; ca: string | undefined } {
    if (this.#clock.now() - this.#readAt >= REREAD_MS) this.#reread();
    return { token: this.#token, ca: this.#ca };
  }

  #reread(): void {
    this.#readAt = this.#clock.now();
    const { tokenFile, caFile } = this.#files;
    if (tokenFile !== undefined) this.#token = this.#try(() => readToken(tokenFile), this.#token);
    if (caFile !== undefined) this.#ca = this.#try(() => readCa(caFile), this.#ca);
  }

  #try(read: () => string, old: string | undefined): string | undefined {
    try {
      return read();
    } catch (error) {
      this.#log.warn('credentials not reread, the last good ones stay in use', {
        error: (error as Error).message,
      });
      return old;
    }
  }
}

function readToken(file: string): string {
  const token = read(file, 'tokenFile').trim();
  if (TOKEN.test(token)) return token;
  throw new SettingFault({
    key: 'tokenFile',
    value: file,
    sentence:
      token === '' ? 'is empty' : 'holds what is no token: a space, a line break or a character beyond ASCII',
    remedy: 'give a file that holds a bearer token',
  });
}

function readCa(file: string): string {
  const ca = read(file, 'caFile');
  try {
    new X509Certificate(ca);
    return ca;
  } catch {
    throw new SettingFault({
      key: 'caFile',
      value: file,
      sentence: 'holds no PEM certificate',
      remedy: 'give the CA of the API server',
    });
  }
}

function read(file: string, key: keyof CredentialFiles): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new SettingFault({
      key,
      value: file,
      sentence: `can't be read (${code})`,
      remedy: 'give a file that this user can read',
    });
  }
}

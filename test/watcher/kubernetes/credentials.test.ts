import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Credentials } from '../../../src/watcher/kubernetes/credentials.ts';
import type { Log } from '../../../src/watcher/log.ts';
import { issue } from '../../../src/webhook/certificates/issue.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

async function files(t: TestContext) {
  const directory = await temporaryFolder(t);
  const { cert: ca } = await issue(['localhost'], new Date());
  const tokenFile = join(directory, 'token');
  const caFile = join(directory, 'ca.crt');
  await writeFile(tokenFile, ' first\n');
  await writeFile(caFile, ca);
  const warnings: string[] = [];
  const log: Log = {
    info() {},
    error() {},
    warn: (_message, fields) => warnings.push(String(fields?.error)),
  };
  return { tokenFile, caFile, ca, warnings, log, clock: new FakeClock() };
}

test('the token is trimmed, and read again every minute and after a 401', async (t) => {
  const { tokenFile, clock, log } = await files(t);
  const credentials = new Credentials({ tokenFile }, clock, log);
  assert.equal(credentials.current().token, 'first');
  await writeFile(tokenFile, 'second\n');
  await clock.advance(59_999);
  assert.equal(credentials.current().token, 'first');
  await clock.advance(1);
  assert.equal(credentials.current().token, 'second');
  await writeFile(tokenFile, 'third');
  assert.equal(credentials.current().token, 'second');
  credentials.expire();
  assert.equal(credentials.current().token, 'third');
});

test('a token or CA that can not be read later is reported, and the old one stays', async (t) => {
  const { tokenFile, caFile, ca, clock, log, warnings } = await files(t);
  const credentials = new Credentials({ tokenFile, caFile }, clock, log);
  await rm(tokenFile);
  await writeFile(caFile, '-----BEGIN CERTIFICATE-----\nbm90aGluZw==\n-----END CERTIFICATE-----\n');
  credentials.expire();
  assert.deepEqual(credentials.current(), { token: 'first', ca });
  assert.match(warnings.join('\n'), /tokenFile: .* can't be read \(ENOENT\)/);
  assert.match(warnings.join('\n'), /caFile: .* holds no PEM certificate/);
  await writeFile(caFile, '');
  for (const text of ['  ', 'two words', 'a line\nand another', 'a\u0001b', 't\u00f6ken']) {
    await writeFile(tokenFile, text);
    credentials.expire();
    assert.deepEqual(credentials.current(), { token: 'first', ca }, JSON.stringify(text));
  }
  assert.match(warnings.join('\n'), /holds what is no token/);
});

test('at the start a bad file is an error that names it and what to do', async (t) => {
  const { tokenFile, caFile, clock, log } = await files(t);
  await writeFile(caFile, 'not a certificate');
  const start = (given: object) => () => new Credentials(given, clock, log);
  assert.throws(
    start({ tokenFile: `${tokenFile}.no` }),
    /tokenFile: ".*token\.no" can't be read .*; give a file/,
  );
  assert.throws(start({ caFile }), /caFile: ".*ca\.crt" holds no PEM certificate; give the CA/);
  await writeFile(tokenFile, '\n');
  assert.throws(start({ tokenFile }), /tokenFile: ".*token" is empty; give a file/);
});

test('without files there is neither token nor CA', () => {
  const { log } = { log: { info() {}, warn() {}, error() {} } };
  assert.deepEqual(new Credentials({}, new FakeClock(), log).current(), { token: undefined, ca: undefined });
});

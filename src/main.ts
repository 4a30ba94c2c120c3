#!/usr/bin/env node
import { basename } from 'node:path';
import packageJson from '../package.json' with { type: 'json' };
import { parseConfig, UsageError } from './config.ts';
import { didYouMean } from './nearest.ts';
import type { Config, SettingsTable } from './setting.ts';
import { describeSettings } from './settings-help.ts';
import { probeSettings, sidecarSettings } from './sidecar-settings.ts';

/**
 * The commands that run in pods. Each is imported when it runs, so that the sidecar never loads the code of
 * the webhook.
 */
const commands = {
  sidecar: command(
    'follow a group and stream its membership over a Unix socket',
    async () => sidecarSettings,
    async (config) => (await import('./sidecar/sidecar.ts')).sidecar(config),
  ),
  probe: command(
    'ask the sidecar in the same container whether it is well',
    async () => probeSettings,
    async (config) => (await import('./sidecar/probe.ts')).probe(config),
  ),
  webhook: command(
    'serve the admission webhook that injects the sidecar',
    async () => (await import('./injector-options.ts')).webhookSettings,
    async (config) => (await import('./webhook/webhook.ts')).webhook(config),
  ),
};

/** Returns a command whose flags and variables are parsed here. */
function command<S extends SettingsTable>(
  doc: string,
  settings: () => Promise<S>,
  run: (config: Config<S>) => Promise<void>,
) {
  return {
    doc,
    settings,
    run: async (argv: readonly string[]) => run(parseConfig(await settings(), argv, process.env)),
  };
}

/** The commands that parse their flags themselves. */
const programs = {
  'peer-finder': {
    doc: 'run scripts with the peers, in place of peer-finder',
    run: async (argv: readonly string[]) => (await import('./peer-finder/peer-finder.ts')).peerFinder(argv),
  },
  install: {
    doc: 'copy the program and its runtime into a directory',
    run: async (argv: readonly string[]) => (await import('./install/install.ts')).install(argv),
  },
} as const;

const WRONG_USAGE = 2;

/** The words by which people ask a program for its version and its help, whatever the program. */
const VERSION: ReadonlySet<string> = new Set(['--version', '-v', '-V', 'version']);
const HELP: ReadonlySet<string> = new Set(['--help', '-h', 'help']);

/** Returns the command line. A program that is started under the name `peer-finder` is that command. */
function asked([name, script, ...argv]: readonly string[]): readonly string[] {
  const named = [name, script].some((path) => basename(path ?? '', '.js') === 'peer-finder');
  return named ? ['peer-finder', ...argv] : argv;
}

/**
 * Restores the variables that the launcher took away, because they are meant for the application: child
 * processes get them again.
 */
function giveBack(environment: NodeJS.ProcessEnv): void {
  for (const name of ['LD_PRELOAD', 'NODE_OPTIONS']) {
    const kept = environment[`ROLLCALL_${name}`];
    if (kept !== undefined) environment[name] = kept;
    delete environment[`ROLLCALL_${name}`];
  }
}

async function main(argv: readonly string[]): Promise<void> {
  const [name, ...rest] = argv;
  if (name !== undefined && VERSION.has(name)) return say(`rollcall ${packageJson.version}`);
  // `help inject` is what others know as `inject --help`.
  if (name === 'help' && rest[0] !== undefined) return main([rest[0], '--help']);
  if (name === undefined || HELP.has(name)) return say(await help());
  if (isOneOf(programs, name)) return programs[name].run(rest);
  if (isOneOf(commands, name)) {
    if (rest.includes('--help') || rest.includes('-h')) return say(await commandHelp(name));
    return commands[name].run(rest);
  }
  // The command line is loaded last, because the sidecar has no use for it.
  const cli = await import('./cli/run.ts');
  if (!cli.isCommand(name)) {
    const all = Object.keys({ ...cli.commands, ...commands, ...programs });
    const hint = didYouMean(name, [...all, ...VERSION, ...HELP]);
    throw new UsageError(
      `"${name}" is not a command; there are ${all.join(', ')}, and --help says what each does.${hint}`,
    );
  }
  watchOutput();
  process.exitCode = await cli.runCommand(name, rest, process);
}

function isOneOf<T extends object>(table: T, name: string): name is keyof T & string {
  return Object.hasOwn(table, name);
}

async function help(): Promise<string> {
  const cli = await import('./cli/run.ts');
  const rows = (table: Record<string, { doc: string }>) =>
    Object.entries(table)
      .map(([name, { doc }]) => `  ${name.padEnd(13)}${doc}`)
      .join('\n');
  const atTerminal = Object.entries(cli.commands).map(([name, { summary }]) => [name, { doc: summary }]);
  return `rollcall ${packageJson.version}: live group membership for Kubernetes pods

usage: rollcall COMMAND [--flag value ...]

at a terminal:
${rows(Object.fromEntries(atTerminal))}

in pods:
${rows({ ...commands, ...programs })}

rollcall COMMAND --help lists the flags of a command; --version prints the version.`;
}

async function commandHelp(name: keyof typeof commands): Promise<string> {
  const { doc, settings } = commands[name];
  return `usage: rollcall ${name} [--flag value ...]

${doc}

${describeSettings(await settings())}

Each flag can also be given as a variable: --some-flag is ROLLCALL_SOME_FLAG.`;
}

/** Ends this process when what it prints can't be written, and says so unless its reader just wants no more. */
function watchOutput(): void {
  // Standard error may be closed or full while standard output still has a reader.
  process.stderr.on('error', () => {});
  process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    // The reader of the pipe (`head`, for example) may close it before all is written.
    if (code === 'EPIPE') process.exit(0);
    process.stderr.write(`rollcall: the output can't be written (${code ?? message}); it is not complete\n`);
    process.exit(1);
  });
}

function say(text: string): void {
  watchOutput();
  process.stdout.write(`${text}\n`);
}

try {
  giveBack(process.env);
  await main(asked([process.argv0, ...process.argv.slice(1)]));
} catch (error) {
  const usage = error instanceof UsageError;
  process.stderr.write(`rollcall: ${usage ? error.message : (error as Error).stack}\n`);
  process.exitCode = usage ? WRONG_USAGE : 1;
}

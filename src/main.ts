#!/usr/bin/env node
import packageJson from '../package.json' with { type: 'json' };
import {
  type Config,
  describeSettings,
  parseConfig,
  sidecarSettings,
  UsageError,
  webhookSettings,
} from './config.ts';

/** Each command is imported when it runs, so that the sidecar never loads what the webhook needs. */
const commands = {
  sidecar: {
    doc: 'follow a group and stream its membership over a Unix socket',
    settings: sidecarSettings,
    run: async (config: Config<typeof sidecarSettings>) => (await import('./sidecar.ts')).sidecar(config),
  },
  webhook: {
    doc: 'serve the admission webhook that injects the sidecar',
    settings: webhookSettings,
    run: async (config: Config<typeof webhookSettings>) =>
      (await import('./webhook/webhook.ts')).webhook(config),
  },
} as const;

const WRONG_USAGE = 2;

async function main(argv: readonly string[]): Promise<void> {
  const [name, ...rest] = argv;
  if (name === '--version') return say(`rollcall ${packageJson.version}`);
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') return say(help());
  if (name !== 'sidecar' && name !== 'webhook') {
    throw new UsageError(`"${name}" is not a command; there are ${Object.keys(commands).join(' and ')}`);
  }
  if (rest.includes('--help') || rest.includes('-h')) return say(commandHelp(name));
  const command = commands[name];
  await command.run(parseConfig(command.settings, rest, process.env) as never);
}

function help(): string {
  const rows = Object.entries(commands).map(([name, { doc }]) => `  ${name.padEnd(10)}${doc}`);
  return `rollcall ${packageJson.version}: live group membership for Kubernetes pods

usage: rollcall COMMAND [--flag value ...]

${rows.join('\n')}

rollcall COMMAND --help lists the flags of a command; --version prints the version.`;
}

function commandHelp(name: keyof typeof commands): string {
  const { doc, settings } = commands[name];
  return `usage: rollcall ${name} [--flag value ...]

${doc}

${describeSettings(settings)}

Each flag can also be given as a variable: --some-flag is ROLLCALL_SOME_FLAG.`;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const usage = error instanceof UsageError;
  process.stderr.write(`rollcall: ${usage ? error.message : (error as Error).stack}\n`);
  process.exitCode = usage ? WRONG_USAGE : 1;
}

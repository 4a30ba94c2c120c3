import { type CommandName, commands } from './commands.ts';
import { helpOf } from './help.ts';
import { EXIT, type Io } from './io.ts';

type Program = (argv: readonly string[], io: Io) => Promise<number>;

/** The commands for people at a terminal. Each is imported when it runs. */
const programs: Readonly<Record<CommandName, () => Promise<Program>>> = {
  inject: async () => (await import('./inject/inject.ts')).inject,
  uninject: async () => (await import('./inject/uninject.ts')).uninject,
  explain: async () => (await import('./explain/explain.ts')).explain,
  check: async () => (await import('./check/check.ts')).check,
  watch: async () => (await import('./watch/watch.ts')).watch,
  dashboard: async () => (await import('./dashboard/dashboard.ts')).dashboard,
  certs: async () => (await import('./certs/certs.ts')).certs,
  repair: async () => (await import('./repair/repair.ts')).repair,
};

export { commands };

export function isCommand(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}

/** Runs one command, or prints its help; resolves to the exit code. Throws `UsageError`. */
export async function runCommand(name: CommandName, argv: readonly string[], io: Io): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    io.stdout.write(`${helpOf(name, commands[name])}\n`);
    return EXIT.fine;
  }
  const program = await programs[name]();
  return program(argv, io);
}

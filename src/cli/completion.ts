import { UsageError } from '../config.ts';
import { type CommandName, commands, SERVERS } from './commands.ts';
import { type Command, type Flag, parseFlags } from './flags.ts';
import { EXIT, type Io } from './io.ts';

const scripts: Readonly<Record<string, () => string>> = { bash, zsh, fish };

/** `rollcall completion SHELL` */
export async function completion(argv: readonly string[], io: Io): Promise<number> {
  const { operand } = parseFlags('completion', commands.completion, argv);
  const script = operand === undefined ? undefined : scripts[operand];
  if (script === undefined) {
    throw new UsageError(
      `${operand === undefined ? 'no shell is given' : `"${operand}" is not a shell that is known`}; give bash, zsh or fish`,
    );
  }
  io.stdout.write(script());
  return EXIT.fine;
}

const all = Object.entries(commands) as [CommandName, Command][];
const names = [...all.map(([name]) => name), ...SERVERS];

/** `-f` and `--filename`. */
function spellings([name, { short }]: [string, Flag]): string[] {
  return [...(short ? [`-${short}`] : []), `--${name}`];
}

function bash(): string {
  const cases = all.flatMap(([command, { flags }]) =>
    Object.entries(flags).flatMap((entry) => {
      const { value, choices, complete } = entry[1];
      if (value === undefined) return [];
      const words = choices
        ? `-W '${choices.join(' ')}'`
        : complete
          ? complete === 'file'
            ? '-f'
            : '-d'
          : undefined;
      const patterns = spellings(entry).map((flag) => `'${command} ${flag}'`);
      return [
        `    ${patterns.join('|')}) ${words ? `COMPREPLY=($(compgen ${words} -- "$cur"))` : ':'}; return ;;`,
      ];
    }),
  );
  const words = all.map(([command, { flags, operand }]) => {
    const offered = [...Object.entries(flags).flatMap(spellings), ...(operand?.choices ?? [])];
    return `    ${command}) COMPREPLY=($(compgen -W '${offered.join(' ')}' -- "$cur")) ;;`;
  });
  return `# bash completion of rollcall
_rollcall() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" command="\${COMP_WORDS[1]}"
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${names.join(' ')} --help --version' -- "$cur"))
    return
  fi
  case "$command $prev" in
${cases.join('\n')}
  esac
  case "$command" in
${words.join('\n')}
  esac
  # What comes after a slash is a name, which follows at once.
  case "\${COMPREPLY[0]}" in */) compopt -o nospace 2>/dev/null ;; esac
}
complete -o filenames -F _rollcall rollcall
`;
}

function zsh(): string {
  const summaries = all.map(([name, { summary }]) => `    '${name}:${quoted(summary)}'`);
  const cases = all.map(([command, { flags, operand }]) => {
    const lines = Object.entries(flags).map((entry) => `      ${zshFlag(entry)}`);
    const last = operand ? [`      '*:${operand.name}:(${operand.choices.join(' ')})'`] : [];
    return `    ${command}) _arguments -s \\\n${[...lines, ...last].join(' \\\n')}\n      ;;`;
  });
  return `#compdef rollcall
# zsh completion of rollcall
_rollcall() {
  local -a commands=(
${summaries.join('\n')}
${SERVERS.map((name) => `    '${name}'`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case "$command" in
${cases.join('\n')}
  esac
}
if [ "$funcstack[1]" = _rollcall ]; then _rollcall "$@"; else compdef _rollcall rollcall; fi
`;
}

function zshFlag(entry: [string, Flag]): string {
  const { doc, value, choices, complete, repeated } = entry[1];
  const spelled = spellings(entry);
  const action = choices
    ? `(${choices.join(' ')})`
    : complete === 'file'
      ? '_files'
      : complete
        ? '_files -/'
        : ' ';
  const rest = `'[${quoted(doc).replaceAll('[', '\\[').replaceAll(']', '\\]')}]${value ? `:${value}:${action}` : ''}'`;
  if (spelled.length === 1) return `${repeated ? "'*'" : ''}${spelled[0]}${rest}`;
  return `${repeated ? "'*'" : `'(${spelled.join(' ')})'`}{${spelled.join(',')}}${rest}`;
}

function fish(): string {
  const first = all.map(
    ([name, { summary }]) =>
      `complete -c rollcall -n __fish_use_subcommand -f -a ${name} -d '${quoted(summary)}'`,
  );
  const servers = SERVERS.map((name) => `complete -c rollcall -n __fish_use_subcommand -f -a ${name}`);
  const rest = all.flatMap(([command, { flags, operand }]) => {
    const when = `complete -c rollcall -n '__fish_seen_subcommand_from ${command}'`;
    const lines = Object.entries(flags).map(([name, { doc, short, value, choices, complete }]) => {
      const argument = choices ? ` -x -a '${choices.join(' ')}'` : complete ? ' -r' : value ? ' -x' : '';
      return `${when} -l ${name}${short ? ` -s ${short}` : ''}${argument} -d '${quoted(doc)}'`;
    });
    return [...lines, ...(operand ? [`${when} -f -a '${operand.choices.join(' ')}'`] : [])];
  });
  return `# fish completion of rollcall\n${[...first, ...servers, ...rest].join('\n')}\n`;
}

/** Within single quotes of any of the three. */
function quoted(text: string): string {
  return text.replaceAll("'", '').replaceAll('`', '');
}

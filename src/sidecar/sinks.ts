import { join } from 'node:path';
import { UsageError } from '../config.ts';
import type { SidecarConfig } from '../sidecar-settings.ts';
import type { Clock } from '../watcher/clock.ts';
import { STARTED_NAME } from '../watcher/contract.ts';
import type { Log } from '../watcher/log.ts';
import { replaceFile, replaceInFolder, type WriteFile } from '../watcher/outputs/atomic-write.ts';
import { Gate } from '../watcher/outputs/gate.ts';
import { Hooks } from '../watcher/outputs/hooks.ts';
import { HttpNotifier } from '../watcher/outputs/http-notifier.ts';
import { MembersFile } from '../watcher/outputs/members-file.ts';
import type { Output, View } from '../watcher/outputs/output.ts';
import { Readers } from '../watcher/outputs/readers.ts';
import { TemplateFile } from '../watcher/outputs/template-file.ts';
import { UdpNotifier } from '../watcher/outputs/udp-notifier.ts';
import { parseTarget } from '../watcher/texts/notify-target.ts';

/** The settings of one group that say where its membership goes. */
export type SinkSettings = Pick<
  SidecarConfig,
  'directory' | 'file' | 'notify' | 'onStart' | 'onChange' | 'waitFor' | 'waitTimeout' | 'waitAction'
> & {
  /** The name of the group; the first has none. */
  name?: string;
};

/** The things that every sink is made with. */
export interface SinkContext {
  /** The watch of the group. */
  view: View;
  clock: Clock;
  log: Log;
}

type Makes = (settings: SinkSettings, context: SinkContext) => readonly Output[];

/**
 * The sinks beside the socket and the gate, each by the setting that asks for it. A new sink is a row here.
 */
const SINKS: { readonly [Setting in keyof SinkSettings]?: Makes } = {
  directory: (settings, { clock, log }) => [
    new MembersFile(settings.directory, clock, log, writeFor(settings)),
  ],
  file: (settings, { clock, log }) =>
    eachOnce(settings.file).map(
      (template) => new TemplateFile(settings.directory, template, clock, log, writeFor(settings)),
    ),
  notify: ({ notify }, { clock, log }) => notify.map((target) => notifier(target, clock, log)),
  // Both commands share one list of peers, since the second waits for the first.
  onChange: ({ onStart, onChange }, { clock, log }) =>
    onStart === undefined && onChange === undefined ? [] : [new Hooks({ onStart, onChange }, clock, log)],
};

/** The sinks of one group. */
export interface Sinks {
  /** The readers of the socket. */
  readers: Readers;
  /** The gate that holds the application back. */
  gate: Gate;
  /** The sinks in the order in which they are told; those above are among them. */
  all: readonly Output[];
}

/** Makes the sinks that the settings of a group ask for. Throws `UsageError`. */
export function sinksOf(settings: SinkSettings, context: SinkContext): Sinks {
  const { view, clock, log } = context;
  const readers = new Readers(view, clock, log);
  const others = Object.values(SINKS).flatMap((makes) => makes(settings, context));
  const files = () => Promise.all(others.map((output) => output.written?.()));
  const gate = gateOf(settings, files, clock, log);
  // The gate is told last: the files then know what opens it.
  return { readers, gate, all: [readers, ...others, gate] };
}

function gateOf(settings: SinkSettings, files: () => Promise<unknown>, clock: Clock, log: Log): Gate {
  const { name, directory, waitFor, waitTimeout, waitAction } = settings;
  const marker = join(directory, STARTED_NAME);
  const options = { name, condition: waitFor, timeoutMs: waitTimeout * 1000, onTimeout: waitAction, marker };
  return new Gate({ ...options, files }, clock, log);
}

/** The folder of a group under a name is made by the sidecar, so a link in its place was put there by somebody else. */
function writeFor({ name }: SinkSettings): WriteFile {
  return name === undefined ? replaceFile : replaceInFolder;
}

function eachOnce(file: SinkSettings['file']): SinkSettings['file'] {
  const names = file.map((template) => template.file);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return file;
  throw new UsageError(`--file: "${twice}" is given twice; give each file one line`);
}

function notifier(target: string, clock: Clock, log: Log): HttpNotifier | UdpNotifier {
  const url = parseTarget(target);
  return url.protocol === 'http:' ? new HttpNotifier(url, clock, log) : new UdpNotifier(url, log);
}

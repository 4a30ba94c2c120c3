import packageJson from '../../package.json' with { type: 'json' };
import { UsageError } from '../config.ts';
import { PREFIX } from '../inject/annotations.ts';
import type { Install } from '../inject/plan.ts';

export interface InstallFlags {
  image?: string | undefined;
  'shell-image'?: string | undefined;
  default?: readonly string[];
}

/** The settings of an installation, as deploy/ has them where no flag says otherwise. */
export function installOf(flags: InstallFlags = {}): Install {
  const { version } = packageJson;
  return {
    image: flags.image ?? `rollcall:${version}`,
    shellImage: flags['shell-image'] ?? `rollcall:${version}-shell`,
    version,
    defaults: Object.fromEntries((flags.default ?? []).map(defaultOf)),
    nativeSidecars: true,
  };
}

function defaultOf(given: string): [string, string] {
  const at = given.indexOf('=');
  if (at > 0 && given.startsWith(PREFIX)) return [given.slice(0, at), given.slice(at + 1)];
  throw new UsageError(
    `--default: "${given}" is not valid; give a key and its value, as ${PREFIX}cpu-limit=1`,
  );
}

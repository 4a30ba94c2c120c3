import packageJson from '../package.json' with { type: 'json' };
import { UsageError } from './config.ts';
import { parseDefaults } from './inject/defaults.ts';
import type { Install } from './inject/plan.ts';

interface GivenInstallation {
  /** The image of the sidecar. The default is the name that `npm run image` gives. */
  image?: string | undefined;
  shellImage?: string | undefined;
  /** The namespace that the webhook runs in. */
  namespace?: string | undefined;
  /** Defaults for all pods, each as `KEY=VALUE`. */
  defaults?: readonly string[];
}

/**
 * Returns what an installation decides for all pods. The webhook and the command line use the same rules.
 * Throws `UsageError` for a default that no pod could have.
 */
export function installationOf({
  image,
  shellImage,
  namespace,
  defaults = [],
}: GivenInstallation): Omit<Install, 'nativeSidecars' | 'podResources'> {
  const { version } = packageJson;
  const chosen = image ?? `rollcall:${version}`;
  try {
    return {
      image: chosen,
      shellImage: shellImage ?? withShell(chosen),
      version,
      ownNamespace: namespace,
      defaults: parseDefaults(defaults),
    };
  } catch (error) {
    throw new UsageError(`--default: ${(error as Error).message}`);
  }
}

/**
 * Returns the name that `npm run image:shell` gives to the image with a shell. A digest does not tell the
 * name of another image.
 */
function withShell(image: string): string | undefined {
  return /:[\w.-]+$/.test(image) && !image.includes('@') ? `${image}-shell` : undefined;
}

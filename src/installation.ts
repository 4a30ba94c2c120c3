import packageJson from '../package.json' with { type: 'json' };
import { UsageError } from './config.ts';
import { parseDefaults } from './inject/defaults.ts';
import type { Install } from './inject/plan.ts';
import { imageReference } from './values.ts';

interface GivenInstallation {
  /** The image of the sidecar. The default is the name that `npm run image` gives. */
  image?: string | undefined;
  shellImage?: string | undefined;
  /** Secrets that pull these images; only the webhook adds them to pods. */
  imagePullSecret?: readonly string[];
  /** The namespace that the webhook runs in. */
  namespace?: string | undefined;
  /** Defaults for all pods, each as `KEY=VALUE`. */
  defaults?: readonly string[];
}

/**
 * Returns what an installation decides for all pods. The webhook and the command line use the same rules.
 * Throws `UsageError` for a default that no pod could have, and for what is no name of an image.
 */
export function installationOf({
  image,
  shellImage,
  imagePullSecret = [],
  namespace,
  defaults = [],
}: GivenInstallation): Omit<Install, 'nativeSidecars' | 'podResources'> {
  const { version } = packageJson;
  const chosen = checked('--image', image ?? `rollcall:${version}`);
  return {
    image: chosen,
    shellImage: shellImage === undefined ? withShell(chosen) : checked('--shell-image', shellImage),
    pullSecrets: imagePullSecret.map((name) => ({ name })),
    version,
    ownNamespace: namespace,
    defaults: defaultsOf(defaults),
  };
}

function defaultsOf(texts: readonly string[]): Record<string, string> {
  try {
    return parseDefaults(texts);
  } catch (error) {
    throw new UsageError(`--default: ${(error as Error).message}`);
  }
}

function checked(flag: string, image: string): string {
  try {
    return imageReference(image);
  } catch (error) {
    throw new UsageError(`${flag}: "${image}" is not valid; ${(error as Error).message}`);
  }
}

/**
 * Returns the name that `npm run image:shell` gives to the image with a shell. A digest does not tell the
 * name of another image.
 */
function withShell(image: string): string | undefined {
  return /:[\w.-]+$/.test(image) && !image.includes('@') ? `${image}-shell` : undefined;
}

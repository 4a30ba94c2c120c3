import packageJson from '../package.json' with { type: 'json' };
import { UsageError } from './config.ts';
import { parseDefaults } from './inject/defaults.ts';
import type { Install } from './inject/plan.ts';

interface Given {
  /** The sidecar's; without it, as `npm run image` names it. */
  image?: string | undefined;
  shellImage?: string | undefined;
  /** The namespace of the webhook. */
  namespace?: string | undefined;
  /** `KEY=VALUE` */
  defaults?: readonly string[];
}

/**
 * What an installation decides for all pods, by the same rules for the webhook and for who asks in its
 * place. Throws `UsageError` for a default that no pod could have.
 */
export function installationOf({
  image,
  shellImage,
  namespace,
  defaults = [],
}: Given): Omit<Install, 'nativeSidecars' | 'podResources'> {
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

/** As `npm run image:shell` names it; a digest says nothing of other images. */
function withShell(image: string): string | undefined {
  return /:[\w.-]+$/.test(image) && !image.includes('@') ? `${image}-shell` : undefined;
}

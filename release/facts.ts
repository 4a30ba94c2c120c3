import { readFileSync } from 'node:fs';

/** The facts that a release is made from. */
export interface Facts {
  version: string;
  /** The registry and the path in it below which images and charts are, without a trailing slash. */
  registry: string;
  /** The address of the repository, for the labels of the images. */
  source: string;
  /** The commit. */
  revision: string;
  /** The time of the commit in RFC 3339, so that a rebuild of it has the same labels. */
  created: string;
}

/** Reads them from package.json and the environment. Throws with the name of the variable that is missing. */
export function factsOf(env: NodeJS.ProcessEnv): Facts {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return {
    version,
    registry: required(env, 'REGISTRY', 'the registry and the path in it').replace(/\/$/, ''),
    source: required(env, 'SOURCE', 'the address of the repository'),
    revision: required(env, 'REVISION', 'the commit'),
    created: required(env, 'CREATED', 'when the commit was made'),
  };
}

function required(env: NodeJS.ProcessEnv, name: string, what: string): string {
  const value = env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set; give it ${what}`);
  return value;
}

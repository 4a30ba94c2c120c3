import packageJson from '../../../package.json' with { type: 'json' };
import { named } from '../named.ts';
import { type CheckContext, type Finding, ok, warn } from './finding.ts';

/** Checks that all sidecars are at most one minor version older or newer than this command, as is tested. */
export async function sidecarVersions({ pods }: CheckContext): Promise<Finding> {
  const { sidecars } = await pods();
  const counts = new Map<string, number>();
  for (const { version = 'unknown' } of sidecars) counts.set(version, (counts.get(version) ?? 0) + 1);
  if (counts.size === 0) return ok('no pod has the sidecar yet');
  const all = [...counts].map(([version, count]) => `${count} of ${version}`);
  const apart = [...counts.keys()].filter((version) => !worksWith(version, packageJson.version));
  if (apart.length === 0) return ok(`sidecars: ${named(all)}`);
  return warn(
    'sidecars-old',
    `sidecars: ${named(all)}; ${packageJson.version} is tested with one minor version more or less`,
    'restart the workloads of those pods, so that they are injected anew',
  );
}

/** Tells whether two versions are at most one minor version apart. */
function worksWith(one: string, other: string): boolean {
  const [a, b] = [minorOf(one), minorOf(other)];
  return a !== undefined && b !== undefined && a.major === b.major && Math.abs(a.minor - b.minor) <= 1;
}

function minorOf(version: string): { major: number; minor: number } | undefined {
  const [, major, minor] = /^(\d{1,6})\.(\d{1,6})\./.exec(version) ?? [];
  return minor === undefined ? undefined : { major: Number(major), minor: Number(minor) };
}

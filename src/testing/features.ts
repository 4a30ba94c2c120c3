import { type Features, featuresOf } from '../webhook/api/server-features.ts';

/** Returns what a cluster of a minor version has, such as `1.34`. Without a version it has everything. */
export function featuresIn(version: string | undefined): Features {
  if (version === undefined) return { nativeSidecars: true, podResources: true };
  const [, major, minor] = /^v?(\d+)\.(\d+)(\.|$)/.exec(version) ?? [];
  if (major !== undefined && minor !== undefined) return featuresOf(Number(major), Number(minor));
  throw new Error(`kubernetes: "${version}" is not a version; give a major and a minor, such as "1.34"`);
}

import { sectionOf } from './changelog.ts';

/** The files that say a version, as texts. */
export interface Versioned {
  /** The version of package.json. */
  version: string;
  /** The tag that is released, such as v0.2.0. */
  tag: string;
  /** deploy/webhook.yaml, which names the image. */
  deployment: string;
  /** deploy/chart/Chart.yaml; undefined while there is no chart. */
  chart: string | undefined;
  changelog: string;
  security: string;
}

/** Returns what disagrees about the version that is released: a sentence each, with what to do. */
export function disagreements({ version, tag, deployment, chart, changelog, security }: Versioned): string[] {
  const [, minor] = /^(\d+\.\d+)\./.exec(version) ?? [];
  const checks: [agrees: boolean, sentence: string][] = [
    [tag === `v${version}`, `the tag is ${tag} and package.json says ${version}; tag v${version}`],
    [
      deployment.includes(`image: rollcall:${version}\n`),
      `deploy/webhook.yaml does not run rollcall:${version}; change its image`,
    ],
    [
      chart === undefined ||
        [`version: ${version}\n`, `appVersion: ${version}\n`].every((one) => chart.includes(one)),
      `deploy/chart/Chart.yaml does not say ${version}; change version and appVersion`,
    ],
    [
      (sectionOf(changelog, version) ?? '') !== '',
      `CHANGELOG.md has no section [${version}]; write what has changed`,
    ],
    [
      security.includes(`| ${minor}.x | yes |`),
      `SECURITY.md does not support ${minor}.x; add it to the table`,
    ],
  ];
  return checks.filter(([agrees]) => !agrees).map(([, sentence]) => sentence);
}

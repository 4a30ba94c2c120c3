/** The section of docs/performance.md about what changes cost a follower of a group. */
import {
  FOLLOWERS,
  type Follower,
  LOADS,
  type LoadKind,
  type LoadMeasured,
  type LoadResult,
} from '../sidecar/result.ts';
import { spread } from '../statistics.ts';
import { barChart } from './bars.ts';
import { markdownTable, written } from './markdown.ts';

const MB = 1e6;

export function loadCharts({ measured }: LoadResult): Record<string, string> {
  const groups = sizesOf(measured).map((members) => ({
    name: `${members.toLocaleString('en')} members`,
    bars: followersOf(measured).map((follower) => ({
      name: FOLLOWERS[follower],
      ours: follower === 'ours',
      spread: spread(valuesOf(measured, members, follower, ({ cpuMs }) => cpuMs.flips)),
    })),
  }));
  return {
    'sidecar-cpu': barChart({
      title: 'CPU time in ms for a member that becomes ready or not: less is better',
      digits: 2,
      groups,
    }),
  };
}

export function loadSection({ measured, bytes, perSecond, missing }: LoadResult): string {
  const kinds = Object.keys(LOADS) as LoadKind[];
  const costs = kinds.map(
    (kind) => `${capital(LOADS[kind])}:\n\n${byFollower(measured, ({ cpuMs }) => cpuMs[kind], 2)}`,
  );
  const perWrite = (members: number, kind: LoadKind) =>
    (bytes.find((one) => one.members === members && one.kind === kind)?.perWrite ?? 0) / 1000;
  const sizes = sizesOf(measured);
  return `### What changes cost

![CPU time of a change](plots/sidecar-cpu.svg)

CPU time of the whole process in ms for each write of a slice, ${perSecond} of them a second. Rollcall is the whole sidecar, with a reader at
its socket, \`members.json\` and one template. The informers keep the slices and do nothing with them, and the relay makes lines and
resumes nothing: they are floors, not peers. All get the same writes at the same time: in the full form up to 400 of a kind, in the short form up to 60, so
that a restart of the largest group is only begun.

${costs.join('\n\n')}

A write has so many kilobytes, from the API server to each who follows:

${markdownTable([['members', ...kinds.map((kind) => LOADS[kind])], ...sizes.map((members) => [members.toLocaleString('en'), ...kinds.map((kind) => perWrite(members, kind).toFixed(1))])])}

Anonymous memory in MB at rest:

${byFollower(measured, (one) => one.restAnonymousBytes / MB, 1)}

The same after all those changes:

${byFollower(measured, (one) => one.afterAnonymousBytes / MB, 1)}

The most that was resident under ${perSecond} changes a second, as a multiple of what was resident at rest:

${byFollower(measured, (one) => one.peakResidentBytes / one.restResidentBytes, 2)}${missing === undefined ? '' : `\n\nThe Go programs are missing in this run: ${missing}`}`;
}

function byFollower(
  measured: readonly LoadMeasured[],
  value: (one: LoadMeasured) => number,
  digits: number,
): string {
  const followers = followersOf(measured);
  return markdownTable([
    ['members', ...followers.map((follower) => FOLLOWERS[follower])],
    ...sizesOf(measured).map((members) => [
      members.toLocaleString('en'),
      ...followers.map((follower) => written(spread(valuesOf(measured, members, follower, value)), digits)),
    ]),
  ]);
}

function valuesOf(
  measured: readonly LoadMeasured[],
  members: number,
  follower: Follower,
  value: (one: LoadMeasured) => number,
): number[] {
  return measured.filter((one) => one.members === members && one.follower === follower).map(value);
}

function sizesOf(measured: readonly LoadMeasured[]): number[] {
  return [...new Set(measured.map(({ members }) => members))].toSorted((a, b) => a - b);
}

function followersOf(measured: readonly LoadMeasured[]): Follower[] {
  return (Object.keys(FOLLOWERS) as Follower[]).filter((follower) =>
    measured.some((one) => one.follower === follower),
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

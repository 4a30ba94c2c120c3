/** The section of a version in CHANGELOG.md, without its heading; undefined when there is none. */
export function sectionOf(changelog: string, version: string): string | undefined {
  const sections = changelog.split(/^## /m).slice(1);
  const found = sections.find((section) => section.startsWith(`[${version}]`));
  return found?.slice(found.indexOf('\n') + 1).trim();
}

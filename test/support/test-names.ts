/** Which tests a source file has, for pages that name them as their proof. */

export type Names = { suite: string | undefined; name: string }[];

/** The tests of a source file, each with the suite that it is in: what is indented deeper, after it. */
export function namesIn(source: string): Names {
  const call =
    /^( *)(?:.*\) )?(suite|describe|test|it)\(\s*('(?:\\.|[^'])*'|"(?:\\.|[^"])*"|`(?:\\.|[^`])*`),(?! \{ (?:todo|skip): true)/gm;
  const names: Names = [];
  let suite: { name: string; indent: number } | undefined;
  for (const [line, spaces, kind, quoted] of source.matchAll(call)) {
    if (line.trimStart().startsWith('//')) continue;
    const name = quoted!.slice(1, -1).replace(/\\(.)/g, '$1');
    const indent = spaces!.length;
    if (kind === 'suite' || kind === 'describe') suite = { name, indent };
    else names.push({ suite: suite !== undefined && indent > suite.indent ? suite.name : undefined, name });
  }
  return names;
}

/** Tells whether a test is there by its name, or by the name of its suite, " > " and its own. */
export function has(names: Names, wanted: string): boolean {
  return names.some(({ suite, name }) => wanted === name || wanted === `${suite} > ${name}`);
}

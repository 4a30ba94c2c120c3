/** The costs of functions and packages, from the samples of a CPU profile. */

/** A node of a .cpuprofile of V8, with only what is read here. */
export interface ProfileNode {
  id: number;
  callFrame: { functionName: string; url: string; lineNumber: number; columnNumber: number };
  hitCount: number;
  children?: number[];
}

export interface Cost {
  name: string;
  /** Shares of all samples, without and with what it calls. */
  self: number;
  total: number;
}

/** The package, the folder of our own sources, or Node itself. */
export function packageOf(file: string): string {
  const inPackage = /node_modules\/((?:@[^/]+\/)?[^/]+)/g;
  const last = [...file.matchAll(inPackage)].at(-1)?.[1];
  if (last !== undefined) return last;
  if (file.startsWith('node:')) return `node:${file.slice(5).split('/')[0]}`;
  return /src\/[^/]+/.exec(file)?.[0] ?? '(V8 and system calls)';
}

/** The time of each function, added up over all places from which it is called. */
export function costs(nodes: readonly ProfileNode[], nameOf: (node: ProfileNode) => string): Cost[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const found = new Map<string, { self: number; total: number }>();
  const busy = nodes.reduce((sum, node) => sum + (isIdle(node) ? 0 : node.hitCount), 0);
  const walk = (node: ProfileNode, above: ReadonlySet<string>): number => {
    const name = nameOf(node);
    const inside = new Set([...above, name]);
    const below = (node.children ?? []).reduce((sum, id) => sum + walk(byId.get(id)!, inside), 0);
    const whole = below + (isIdle(node) ? 0 : node.hitCount);
    const cost = found.get(name) ?? { self: 0, total: 0 };
    cost.self += isIdle(node) ? 0 : node.hitCount;
    // A function that calls itself is counted once.
    if (!above.has(name)) cost.total += whole;
    found.set(name, cost);
    return whole;
  };
  if (nodes.length > 0) walk(nodes[0]!, new Set());
  return [...found].map(([name, { self, total }]) => ({ name, self: self / busy, total: total / busy }));
}

function isIdle({ callFrame: { functionName } }: ProfileNode): boolean {
  return functionName === '(idle)';
}

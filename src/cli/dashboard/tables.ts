import { type GroupRows, OF_GROUP, type TableName } from './rows.ts';

/** The changes of one table. */
export interface TableChange {
  set: [key: string, row: object][];
  gone: string[];
}

/** The changes by table; with `whole` the rows are all that there are. */
export interface Update {
  whole?: true;
  tables: Partial<Record<TableName, TableChange>>;
}

const NAMES: readonly TableName[] = ['sources', 'namespaces', 'groups', 'pods', 'members', 'views', 'events'];

interface HeldRow {
  text: string;
  row: object;
  group: string | undefined;
}

/**
 * All rows by their keys, and which of them changed since they were taken the last time. A row that is put again as
 * it is changes nothing, so that what is sent is what changed.
 */
export class Tables {
  #rows = new Map<TableName, Map<string, HeldRow>>(NAMES.map((name) => [name, new Map()]));
  #changed = new Map<TableName, Set<string>>(NAMES.map((name) => [name, new Set()]));
  /** The groups of rows that are gone, by table and key. */
  #goneOf = new Map<string, string | undefined>();

  put<T extends TableName>(name: T, key: string, row: GroupRows[T]): void {
    const text = JSON.stringify(row);
    if (this.#rows.get(name)!.get(key)?.text === text) return;
    const group = OF_GROUP.includes(name) ? (row as { group: string }).group : undefined;
    this.#rows.get(name)!.set(key, { text, row, group });
    this.#changed.get(name)!.add(key);
  }

  drop(name: TableName, key: string): void {
    const held = this.#rows.get(name)!.get(key);
    if (held === undefined) return;
    this.#rows.get(name)!.delete(key);
    this.#changed.get(name)!.add(key);
    this.#goneOf.set(`${name} ${key}`, held.group);
  }

  get<T extends TableName>(name: T, key: string): GroupRows[T] | undefined {
    return this.#rows.get(name)!.get(key)?.row as GroupRows[T] | undefined;
  }

  /** Returns all rows for a reader that looks at this group. */
  whole(group: string): Update {
    const tables: Update['tables'] = {};
    for (const name of NAMES) {
      const held = [...this.#rows.get(name)!].filter(([, one]) => isFor(one.group, group));
      tables[name] = { set: held.map(([key, { row }]) => [key, row]), gone: [] };
    }
    return { whole: true, tables };
  }

  /**
   * Takes what changed since the last time: a function from the group that somebody looks at to what to tell
   * them, or undefined where that is nothing.
   */
  take(): (group: string) => Update | undefined {
    const changes = NAMES.flatMap((name) => {
      const keys = [...this.#changed.get(name)!];
      this.#changed.get(name)!.clear();
      return keys.map((key) => {
        const held = this.#rows.get(name)!.get(key);
        return {
          name,
          key,
          held,
          group: held === undefined ? this.#goneOf.get(`${name} ${key}`) : held.group,
        };
      });
    });
    this.#goneOf.clear();
    return (group) => {
      const tables: Update['tables'] = {};
      for (const change of changes) {
        if (!isFor(change.group, group)) continue;
        tables[change.name] ??= { set: [], gone: [] };
        if (change.held === undefined) tables[change.name]!.gone.push(change.key);
        else tables[change.name]!.set.push([change.key, change.held.row]);
      }
      return Object.keys(tables).length === 0 ? undefined : { tables };
    };
  }
}

function isFor(group: string | undefined, chosen: string): boolean {
  return group === undefined || group === chosen;
}

// The page's elements. All texts go in as text: nothing that comes from a cluster is ever read as HTML.

/** @import { Word } from './words.js' */

/** @param {string} id */
export function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`no #${id}`);
  return element;
}

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 * @param {(Node | string)[]} children
 */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** @param {Word | undefined} given @param {string} [note] */
export function badge(given, note = '') {
  const { mark, word, kind } = given ?? { mark: '?', word: 'unknown', kind: 'off' };
  const shown = h(
    'span',
    { class: `badge ${kind}` },
    h('span', { class: 'mark', 'aria-hidden': 'true' }, mark),
    word,
  );
  return note === '' ? shown : h('span', {}, shown, ` ${note}`);
}

/** Sets the text where it is another one. @param {Node} node @param {string} text */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * A list of elements by keys, in an order. An element is made anew when its row changes and stays where it is as
 * long as its order does, so that a change of one row among thousands costs one row.
 * @template Row
 */
export class Keyed {
  /** @type {Map<string, { element: HTMLElement, order: string }>} */
  #all = new Map();
  /** @type {string[]} The keys in their order. */
  #keys = [];
  #parent;
  #make;
  #orderOf;
  #compare;

  /**
   * @param {HTMLElement} parent
   * @param {(row: Row, key: string) => HTMLElement} make
   * @param {(row: Row, key: string) => string} orderOf
   * @param {(a: string, b: string) => number} compare
   */
  constructor(parent, make, orderOf, compare) {
    this.#parent = parent;
    this.#make = make;
    this.#orderOf = orderOf;
    this.#compare = compare;
  }

  get size() {
    return this.#all.size;
  }

  /** @param {string} key @param {Row | undefined} row Undefined where it is not to be shown. */
  set(key, row) {
    const known = this.#all.get(key);
    if (row === undefined) {
      if (known === undefined) return;
      known.element.remove();
      this.#keys.splice(this.#place(key, known.order), 1);
      this.#all.delete(key);
      return;
    }
    const element = this.#make(row, key);
    const order = this.#orderOf(row, key);
    if (known !== undefined && known.order === order) {
      const focused = known.element.contains(document.activeElement);
      known.element.replaceWith(element);
      known.element = element;
      if (focused) (element.querySelector('a, button') ?? /** @type {any} */ (element)).focus();
      return;
    }
    if (known !== undefined) this.set(key, undefined);
    const place = this.#place(key, order);
    const next = this.#keys[place];
    this.#parent.insertBefore(element, next === undefined ? null : (this.#all.get(next)?.element ?? null));
    this.#keys.splice(place, 0, key);
    this.#all.set(key, { element, order });
  }

  /** Shows these rows and no others. @param {Iterable<[string, Row]>} rows */
  replace(rows) {
    const wanted = new Map(rows);
    for (const key of [...this.#all.keys()]) if (!wanted.has(key)) this.set(key, undefined);
    for (const [key, row] of wanted) this.set(key, row);
  }

  /** @param {string} key @param {string} order */
  #place(key, order) {
    let [low, high] = [0, this.#keys.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = /** @type {string} */ (this.#keys[middle]);
      const compared =
        this.#compare(/** @type {any} */ (this.#all.get(other)).order, order) ||
        (other < key ? -1 : other > key ? 1 : 0);
      if (compared < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

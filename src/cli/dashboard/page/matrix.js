// Who sees whom: a row for each sidecar and, where they fit on a screen, a column for each member.

import { badge, byId, h, Keyed, setText } from './dom.js';
import { byName, STANDINGS, span } from './words.js';

/** The largest group whose matrix the server sends: more columns would not fit. */
const MATRIX = 24;
/** The letters that fit above a column. */
const COLUMN = 16;
const ORDER = Object.keys(STANDINGS);

const table = byId('sees');
const listBody = h('tbody');
/** @type {Keyed<any>} The rows of a group that is too large for a matrix, those in trouble first. */
const list = new Keyed(
  listBody,
  (view) => viewRow(view, []),
  (view) => `${ORDER.indexOf(view.state)} ${view.pod}`,
  byName,
);
/** @type {'matrix' | 'list' | undefined} */
let mode;

/**
 * Draws what changed: in a large group the rows of these keys, or all of them where it is not said which.
 * @param {Map<string, any>} views
 * @param {Map<string, any>} members
 * @param {Iterable<string> | undefined} changed
 */
export function drawSees(views, members, changed) {
  const columns =
    members.size > MATRIX || views.size > 2 * MATRIX
      ? []
      : columnsOf([...views.values()], [...members.values()]);
  const before = mode;
  mode = columns.length === 0 || columns.length > MATRIX ? 'list' : 'matrix';
  if (mode === 'matrix') drawMatrix([...views.values()], columns);
  else if (before !== 'list' || changed === undefined) {
    list.replace(views);
    table.replaceChildren(head([]), listBody);
  } else for (const key of changed) list.set(key, views.get(key));
  drawStandings([...views.values()]);
  setText(byId('legend'), mode === 'matrix' ? LEGEND : members.size > MATRIX ? LARGE : '');
  tickAges();
}

const LEGEND =
  '● seen as ready · ○ seen as not ready · ✕ seen, though gone · ∅ not seen, though there · ? nobody knows; ' +
  'a frame is around what is not so any more. A sidecar tells a digest of its view, and no names: whom it sees ' +
  'is known where the digest is that of what the API said at some moment.';
const LARGE = `More than ${MATRIX} members: a line for each sidecar, those in trouble first.`;

/** @param {any[]} views @param {any[]} columns */
function drawMatrix(views, columns) {
  const focused = document.activeElement?.closest('#sees tr')?.getAttribute('data-pod');
  const rows = [...views].sort((a, b) => byName(a.pod, b.pod));
  const body = h('tbody', {}, truthRow(columns), ...rows.map((view) => viewRow(view, columns)));
  table.replaceChildren(head(columns), body);
  if (!focused) return;
  const row = table.querySelector(`[data-pod="${CSS.escape(focused)}"]`);
  /** @type {HTMLElement | null} */ (row)?.focus();
}

/** Lengths of time go on while nothing happens. */
export function tickAges() {
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (table.querySelectorAll('[data-since]')))
    setText(element, span(Date.now() - Number(element.dataset.since)));
}

/** The members that there are, and those that are gone and that a sidecar sees still. */
function columnsOf(/** @type {any[]} */ views, /** @type {any[]} */ members) {
  const columns = new Map(members.map((member) => [member.uid, { ...member, gone: false }]));
  for (const { sees = [] } of views) {
    for (const seen of sees) if (!columns.has(seen.uid)) columns.set(seen.uid, { ...seen, gone: true });
  }
  return [...columns.values()].sort((a, b) => byName(a.name, b.name));
}

function head(/** @type {any[]} */ columns) {
  const names = ['Sidecar of', 'Its view'];
  return h(
    'thead',
    {},
    h(
      'tr',
      {},
      ...names.map((name) => h('th', { scope: 'col' }, name)),
      ...columns.map(({ name, gone }) =>
        h(
          'th',
          { scope: 'col', class: gone ? 'member gone' : 'member', title: gone ? `${name}, gone` : name },
          h('span', {}, ending(name)),
        ),
      ),
      ...['Revision', 'Behind for', 'API heard'].map((name) =>
        h('th', { scope: 'col', class: 'number' }, name),
      ),
    ),
  );
}

/** The end of a long name, which is what differs between the pods of a workload. @param {string} name */
function ending(name) {
  return name.length > COLUMN ? `…${name.slice(1 - COLUMN)}` : name;
}

function truthRow(/** @type {any[]} */ columns) {
  return h(
    'tr',
    { class: 'truth' },
    h('th', { scope: 'row' }, 'The API says'),
    h('td'),
    ...columns.map(({ name, ready, gone }) =>
      cell(
        gone ? '' : ready ? '●' : '○',
        gone ? `${name} is gone` : `${name} is ${ready ? '' : 'not '}ready`,
        false,
      ),
    ),
    ...Array.from({ length: 3 }, () => h('td')),
  );
}

function viewRow(/** @type {any} */ view, /** @type {any[]} */ columns) {
  const { pod, state, why, revision, upstreamAgeSeconds, behindSince, reason, waiting } = view;
  const known = view.matches ? columns.filter(({ gone }) => !gone) : view.sees;
  const trouble = STANDINGS[state]?.kind === 'bad';
  const note = state === 'stale' && reason ? `(${reason})` : '';
  const notes = [state === 'same' ? '' : why, waiting ?? ''].filter((sentence) => sentence !== '');
  return h(
    'tr',
    { 'data-pod': pod, tabindex: '-1', class: trouble ? 'trouble' : '' },
    h('th', { scope: 'row' }, pod),
    h(
      'td',
      { class: 'view' },
      badge(STANDINGS[state], note),
      ...notes.map((sentence) => h('div', { class: 'note' }, sentence)),
    ),
    ...columns.map((column) =>
      seenCell(
        column,
        known?.find((/** @type {any} */ one) => one.uid === column.uid),
        known !== undefined,
      ),
    ),
    h('td', { class: 'number' }, `${revision ?? '–'}`),
    h('td', { class: 'number' }, behindSince === null ? '–' : age(behindSince)),
    h(
      'td',
      { class: 'number' },
      upstreamAgeSeconds === undefined ? '–' : age(view.asked - upstreamAgeSeconds * 1000),
    ),
  );
}

function seenCell(/** @type {any} */ column, /** @type {any} */ seen, /** @type {boolean} */ known) {
  const { name, ready, gone } = column;
  if (!known) return cell('?', `whether it sees ${name} is not known`, false);
  if (seen === undefined)
    return gone
      ? cell('', `it does not see ${name}, which is gone`, false)
      : cell('∅', `it does not see ${name}`, true);
  const mark = gone ? '✕' : seen.ready ? '●' : '○';
  const text = `it sees ${name} as ${seen.ready ? '' : 'not '}ready${gone ? ', which is gone' : ''}`;
  return cell(mark, text, gone || seen.ready !== ready);
}

function cell(/** @type {string} */ mark, /** @type {string} */ text, /** @type {boolean} */ wrong) {
  const kind = wrong ? 'cell wrong' : mark === '●' ? 'cell good' : 'cell dim';
  return h('td', { class: kind, title: text }, h('span', { role: 'img', 'aria-label': text }, mark));
}

function age(/** @type {number} */ since) {
  return h('span', { 'data-since': `${since}` }, span(Date.now() - since));
}

/** Shows for each state of a view how many sidecars are in it. */
function drawStandings(/** @type {any[]} */ views) {
  const counts = ORDER.map((state) => [state, views.filter((view) => view.state === state).length]);
  const badges = counts.flatMap(([state, count]) =>
    count === 0 ? [] : [badge(STANDINGS[state ?? ''], `${count}`)],
  );
  byId('standings').replaceChildren(...badges);
}

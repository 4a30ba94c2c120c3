// The page: one stream of server-sent events, kept as tables of rows, of which what changed is drawn.

import { badge, byId, h, Keyed, setText } from './dom.js';
import { drawSees, tickAges } from './matrix.js';
import { byName, HAPPENINGS, PODS, plural, span } from './words.js';

/** The server sends something each 5 s; three of them missed is not chance. */
const SILENCE_MS = 15_000;
/** The number of lines that the timeline keeps, which is more than anybody reads. */
const TIMELINE = 200;

/** @type {Record<string, Map<string, any>>} */
const tables = Object.fromEntries(
  ['sources', 'namespaces', 'groups', 'pods', 'members', 'views', 'events'].map((name) => [name, new Map()]),
);
let place = placeOf(location.hash);
/** @type {EventSource | undefined} */
let stream;
let heardAt = Date.now();

const find = /** @type {HTMLInputElement} */ (byId('find'));
const podFilter = /** @type {HTMLInputElement} */ (byId('pod-filter'));
const stateFilter = /** @type {HTMLSelectElement} */ (byId('state'));

const places = new Keyed(byId('places'), placeItem, ({ order }) => order, byName);
const pods = new Keyed(byId('pods'), podRow, (row) => `${row.namespace}/${row.name}`, byName);
const timeline = new Keyed(
  byId('timeline'),
  eventItem,
  (row) => `${row.id}`,
  (a, b) => Number(b) - Number(a),
);
const problems = new Keyed(
  byId('problems'),
  (/** @type {any} */ row) =>
    h('li', {}, `⚠ The ${row.name} can't be followed, what is shown may be out of date: ${row.why}`),
  (row) => row.name,
  byName,
);

/** `#ns=NAME`, `#group=KEY`, or nothing for all. @param {string} hash */
function placeOf(hash) {
  const [kind = '', ...rest] = hash.slice(1).split('=');
  const value = decoded(rest.join('='));
  return {
    namespace: kind === 'ns' ? value : kind === 'group' ? (value.split('/')[0] ?? '') : '',
    group: kind === 'group' ? value : '',
  };
}

/** A text that nobody encoded stands for no place. @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

function connect() {
  stream?.close();
  stream = new EventSource(`events?group=${encodeURIComponent(place.group)}`);
  stream.onmessage = ({ data }) => {
    heard();
    apply(JSON.parse(data));
  };
  stream.addEventListener('beat', heard);
  stream.onerror = () =>
    lost(
      stream?.readyState === EventSource.CLOSED
        ? 'rollcall dashboard has ended; start it again, and open its new address'
        : 'connecting again; what is shown may be out of date',
    );
}

function heard() {
  heardAt = Date.now();
  const live = byId('live');
  live.classList.remove('lost');
  setText(live, '● live');
}

/** @param {string} why */
function lost(why) {
  const live = byId('live');
  live.classList.add('lost');
  setText(live, `○ ${why}`);
}

/** Takes an update into the tables, and draws what it changed. @param {any} update */
function apply({ whole, tables: changes }) {
  /** @type {Set<string>} */
  const changed = new Set();
  /** @type {Set<string> | undefined} */
  const views = whole ? undefined : new Set();
  for (const [name, { set, gone }] of Object.entries(
    /** @type {Record<string, { set: [string, any][], gone: string[] }>} */ (changes),
  )) {
    const table = /** @type {Map<string, any>} */ (tables[name]);
    const keys = new Set(set.map(([key]) => key));
    const leaving = whole ? [...table.keys()].filter((key) => !keys.has(key)) : gone;
    for (const key of leaving) table.delete(key);
    for (const [key, row] of set) table.set(key, row);
    if (keys.size + leaving.length > 0) changed.add(name);
    if (name === 'views') for (const key of [...leaving, ...keys]) views?.add(key);
    if (name === 'pods' && !whole) for (const key of [...leaving, ...keys]) drawPod(key);
  }
  if (whole) drawPods();
  draw(whole ? new Set(Object.keys(tables)) : changed, views);
}

/** @param {Set<string>} changed @param {Iterable<string>} [views] */
function draw(changed, views) {
  if (changed.has('namespaces') || changed.has('groups')) drawPlaces();
  if (changed.has('sources')) problems.replace([...rows('sources')].filter(([, row]) => row.stale));
  if (changed.has('views') || changed.has('members') || changed.has('groups')) drawGroup(views);
  if (changed.has('events')) drawTimeline();
  setText(byId('pods-count'), `${plural(pods.size, 'pod')} shown`);
  byId('pods-empty').hidden = pods.size > 0;
}

/** @param {string} name */
function rows(name) {
  return /** @type {Map<string, any>} */ (tables[name]);
}

function drawPlaces() {
  const word = find.value.trim().toLowerCase();
  /** @type {[string, any][]} */
  const shown = [];
  const groups = [...rows('groups').values()];
  for (const row of rows('namespaces').values()) {
    const own = groups.filter(({ namespace }) => namespace === row.name);
    const fits = own.filter(({ title }) => `${row.name}/${title}`.toLowerCase().includes(word));
    if (fits.length === 0 && !row.name.includes(word)) continue;
    shown.push([`ns ${row.name}`, { ...row, order: row.name, kind: 'namespace' }]);
    for (const group of fits)
      shown.push([`group ${group.key}`, { ...group, order: `${row.name}/ ${group.title}`, kind: 'group' }]);
  }
  places.replace(shown);
  const injected = [...rows('namespaces').values()].reduce((sum, row) => sum + row.injected, 0);
  const missing = [...rows('namespaces').values()].reduce((sum, row) => sum + row.missing, 0);
  const trouble = missing === 0 ? '' : `, ${missing} without one that should have it`;
  setText(
    byId('summary'),
    `${plural(groups.length, 'group')}, ${plural(injected, 'pod')} with a sidecar${trouble}`,
  );
}

/** @param {any} row */
function placeItem(row) {
  const isGroup = row.kind === 'group';
  const href = isGroup ? `#group=${encodeURIComponent(row.key)}` : `#ns=${encodeURIComponent(row.name)}`;
  const current = isGroup ? row.key === place.group : place.group === '' && row.name === place.namespace;
  const name = h('span', { class: 'name' }, isGroup ? row.title : row.name);
  const note = isGroup
    ? `${row.ready ?? '?'}/${row.members ?? '?'} ready`
    : `${row.injected}/${row.pods} pods${row.missing > 0 ? ` ✕${row.missing}` : ''}`;
  const title = isGroup
    ? `${plural(row.sidecars, 'sidecar')} follow it`
    : `${row.injected} of ${plural(row.pods, 'pod')} with the sidecar, ${row.missing} without it that should have it`;
  const link = h(
    'a',
    { href, title, ...(current ? { 'aria-current': 'page' } : {}) },
    name,
    h('span', { class: 'note' }, note),
  );
  return h('li', { class: row.kind }, link);
}

/** @param {Iterable<string>} [changed] The keys of the views that changed, where not all have to be drawn. */
function drawGroup(changed) {
  const group = rows('groups').get(place.group);
  byId('group').hidden = place.group === '';
  if (place.group === '') return;
  setText(
    byId('group-title'),
    group === undefined ? `${place.group} has no sidecar now` : `${group.title} in ${group.namespace}`,
  );
  const facts =
    group === undefined
      ? ''
      : `${group.members === null ? 'Its members are not known yet' : `${plural(group.members, 'member')}, ${group.ready} ready`}; ${plural(group.sidecars, 'sidecar')}, source ${group.source}`;
  setText(byId('group-facts'), facts);
  drawSees(rows('views'), rows('members'), changed);
}

function drawTimeline() {
  const latest = [...rows('events')].sort(([, a], [, b]) => b.id - a.id).slice(0, TIMELINE);
  timeline.replace(latest);
  byId('quiet').hidden = latest.length > 0;
}

/** @param {any} row */
function eventItem({ at, what, name, text }) {
  const { mark = '?', kind = 'dim' } = HAPPENINGS[what] ?? {};
  const date = new Date(at);
  return h(
    'li',
    {},
    h(
      'time',
      { datetime: date.toISOString(), title: date.toLocaleString() },
      date.toLocaleTimeString('en-GB'),
    ),
    h('span', { class: kind, 'aria-hidden': 'true' }, mark),
    h('span', {}, h('strong', {}, name), ` ${text}`),
  );
}

function drawPods() {
  pods.replace([...rows('pods')].filter(([, row]) => isShown(row)));
  const where = place.namespace === '' ? 'all namespaces' : place.namespace;
  setText(byId('pods-title'), place.group === '' ? `Pods in ${where}` : `Pods with a sidecar of this group`);
}

/** @param {string} key */
function drawPod(key) {
  const row = rows('pods').get(key);
  pods.set(key, row !== undefined && isShown(row) ? row : undefined);
}

/** @param {any} row */
function isShown({ namespace, name, state, group }) {
  if (place.group !== '' && group !== place.group) return false;
  if (place.namespace !== '' && namespace !== place.namespace) return false;
  const wanted = stateFilter.value;
  if (wanted === 'missing' ? state !== 'skipped' && state !== 'missed' : wanted !== '' && state !== wanted)
    return false;
  return `${namespace}/${name}`.includes(podFilter.value.trim().toLowerCase());
}

/** @param {any} row */
function podRow({ namespace, name, state, phase, restarts, created, node, why, code, group }) {
  const title = place.namespace === '' ? `${namespace}/${name}` : name;
  const link =
    group === '' || group === place.group
      ? title
      : h('a', { href: `#group=${encodeURIComponent(group)}` }, title);
  const age = created === null ? '–' : span(Date.now() - created);
  const followed =
    group === '' ? 'groups that have names, which are not shown' : group.slice(namespace.length + 1);
  const reason = state === 'injected' ? `follows ${followed}` : why;
  return h(
    'tr',
    {},
    h('th', { scope: 'row', class: 'long' }, link),
    h('td', { class: 'line' }, badge(PODS[state], state === 'skipped' ? `(${code})` : '')),
    h('td', { class: 'why' }, reason),
    h('td', {}, phase),
    h('td', { class: 'number' }, `${restarts}`),
    h('td', { class: 'number' }, age),
    h('td', { class: 'long' }, node),
  );
}

addEventListener('hashchange', () => {
  const before = place;
  place = placeOf(location.hash);
  drawPlaces();
  drawGroup();
  drawPods();
  draw(new Set());
  if (place.group !== before.group) {
    for (const name of ['members', 'views', 'events']) rows(name).clear();
    drawGroup();
    drawTimeline();
    connect();
  }
});
// Some browsers scroll by the arrow keys only what can have the focus.
for (const id of ['sees-scroll', 'pods-scroll']) byId(id).tabIndex = 0;
// The part of the address behind # says what is shown, so that this link must not change it.
byId('skip').addEventListener('click', (event) => {
  event.preventDefault();
  byId('main').focus();
});
find.addEventListener('input', drawPlaces);
for (const input of [podFilter, stateFilter]) {
  input.addEventListener('input', () => {
    drawPods();
    draw(new Set());
  });
}
addEventListener('keydown', (event) => {
  const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
  if (event.key === '/' && !typing) {
    event.preventDefault();
    find.focus();
  }
  if (event.key === 'ArrowDown' || event.key === 'ArrowUp') moveInPlaces(event);
  if (event.key === 'Escape' && typing) /** @type {HTMLElement} */ (event.target).blur();
});

/** The arrows go from place to place, from the field above them on. @param {KeyboardEvent} event */
function moveInPlaces(event) {
  const links = /** @type {HTMLElement[]} */ ([find, ...byId('places').querySelectorAll('a')]);
  const at = links.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  if (at < 0) return;
  event.preventDefault();
  links[at + (event.key === 'ArrowDown' ? 1 : -1)]?.focus();
}

setInterval(() => {
  tickAges();
  if (Date.now() - heardAt > SILENCE_MS) lost('nothing heard for a while; what is shown may be out of date');
}, 1000);
connect();
drawPods();
drawGroup();

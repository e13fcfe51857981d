// Owns what moves on the inventory page: the treemap and the hints over bars and tiles. Runs in the browser, inlined into
// the page as a module, so nothing here is global. Must never put text into the page as HTML: names go through textContent only.
const NAME = 0;
const LANGUAGE = 1;
const FILES = 2;
const CHILDREN = 6;
/** Where a node keeps the figure that a metric stands for, and how to say it. */
const METRICS = { bytes: 3, brotli: 4, lines: 5 };
const TITLE_HEIGHT = 18;
const MIN_TILE = 3;
/** A directory smaller than this is one tile. */
const MIN_OPEN = { width: 46, height: 38 };
const MAX_SHAPES = 2500;

const { root, languages } = JSON.parse(document.getElementById('tree-data').textContent);
const map = document.querySelector('.treemap');
const crumbs = document.querySelector('.crumbs');
const info = document.querySelector('.map-info');
const tip = document.getElementById('tip');
const state = { path: [root], metric: 'bytes', language: -1, shapes: [], current: 0 };

// --- figures, as the page's other parts write them

function bytesText(bytes) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let value = bytes;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

function countText(count) {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

function figureText(node) {
  const value = node[METRICS[state.metric]];
  return state.metric === 'lines' ? `${countText(value)} lines` : bytesText(value);
}

/** A sum of small files has no name of its own. */
function titleOf(node) {
  return node[NAME] === '' ? `${countText(node[FILES])} smaller files` : node[NAME];
}

function describe(path) {
  const node = path[path.length - 1];
  const names = path.slice(1).map(titleOf).join('/') || titleOf(node);
  const files = node[FILES] === 1 ? '' : `${countText(node[FILES])} files, mostly `;
  const lines = node[METRICS.lines] > 0 ? `, ${countText(node[METRICS.lines])} lines` : '';
  const sizes = `${bytesText(node[METRICS.bytes])}, ${bytesText(node[METRICS.brotli])} compressed${lines}`;
  return `${names}\n${sizes}\n${files}${languages[node[LANGUAGE]]?.[0] ?? ''}`;
}

// --- layout: squarified treemap, M. Bruls, K. Huizing, J. van Wijk, "Squarified Treemaps", 2000

function squarify(items, box, place) {
  let { x, y, width, height } = box;
  let rest = items.reduce((sum, item) => sum + item.value, 0);
  for (let start = 0; start < items.length && width > 0.5 && height > 0.5; ) {
    const side = Math.min(width, height);
    const scale = (width * height) / rest;
    const { end, sum } = fillRow(items, start, side, scale);
    const thickness = (sum * scale) / side;
    let offset = 0;
    for (let index = start; index < end; index += 1) {
      const length = (items[index].value * scale) / thickness;
      const across = width >= height;
      place(items[index], {
        x: across ? x : x + offset,
        y: across ? y + offset : y,
        width: across ? thickness : length,
        height: across ? length : thickness,
      });
      offset += length;
    }
    if (width >= height) {
      x += thickness;
      width -= thickness;
    } else {
      y += thickness;
      height -= thickness;
    }
    rest -= sum;
    start = end;
  }
}

/** Adds items to a row for as long as its worst shape gets better. */
function fillRow(items, start, side, scale) {
  let sum = 0;
  let worst = Number.POSITIVE_INFINITY;
  let end = start;
  for (; end < items.length; end += 1) {
    const grown = sum + items[end].value;
    const area = grown * scale;
    const largest = items[start].value * scale;
    const smallest = items[end].value * scale;
    const shape = Math.max((side * side * largest) / (area * area), (area * area) / (side * side * smallest));
    if (shape > worst) break;
    worst = shape;
    sum = grown;
  }
  return { end, sum };
}

/** The shapes of one directory and of those within it, largest first, until the limit. */
function layOut(path, frame) {
  const shapes = [];
  const pending = [{ path, box: frame, depth: 0 }];
  for (let at = 0; at < pending.length && shapes.length < MAX_SHAPES; at += 1) {
    const { path: parentPath, box, depth } = pending[at];
    const parent = parentPath[parentPath.length - 1];
    const items = (parent[CHILDREN] ?? [])
      .map((node) => ({ node, value: node[METRICS[state.metric]] }))
      .filter((item) => item.value > 0)
      .sort((a, b) => b.value - a.value);
    squarify(items, box, ({ node }, place) => {
      if (place.width < MIN_TILE || place.height < MIN_TILE) return;
      const nodePath = [...parentPath, node];
      const open = node[CHILDREN] !== undefined && place.width >= MIN_OPEN.width && place.height >= MIN_OPEN.height;
      shapes.push({ path: nodePath, place, depth, open });
      if (open) pending.push({ path: nodePath, box: within(place), depth: depth + 1 });
    });
  }
  return shapes;
}

function within({ x, y, width, height }) {
  return { x: x + 2, y: y + TITLE_HEIGHT, width: width - 4, height: height - TITLE_HEIGHT - 2 };
}

// --- drawing

function draw() {
  const { clientWidth: width, clientHeight: height } = map;
  state.shapes = layOut(state.path, { x: 0, y: 0, width, height });
  state.current = 0;
  map.replaceChildren(...state.shapes.map(shapeElement));
  drawCrumbs();
  if (state.shapes.length === 0) map.textContent = 'Nothing here has a size of this kind.';
  applyLanguage();
}

function shapeElement(shape, index) {
  const { path, place, depth, open } = shape;
  const node = path[path.length - 1];
  const element = document.createElement('button');
  element.type = 'button';
  element.tabIndex = index === 0 ? 0 : -1;
  element.className = open ? 'folder-box' : node[CHILDREN] === undefined ? 'tile' : 'tile closed';
  element.dataset.index = String(index);
  element.setAttribute('aria-label', describe(path).replaceAll('\n', ', '));
  const gap = open ? 1.5 : 1;
  element.style.left = `${place.x}px`;
  element.style.top = `${place.y}px`;
  element.style.width = `${Math.max(1, place.width - gap)}px`;
  element.style.height = `${Math.max(1, place.height - gap)}px`;
  if (open) {
    element.dataset.depth = String(depth % 3);
  } else {
    const [, fill, ink] = languages[node[LANGUAGE]] ?? ['', '#8f9bb3', '#10151d'];
    element.style.backgroundColor = fill;
    element.style.color = ink;
  }
  label(element, node, place, open);
  shape.element = element;
  return element;
}

function label(element, node, place, open) {
  if (place.width < 34 || place.height < 15) return;
  const name = document.createElement('span');
  name.className = 'tile-name';
  name.textContent = titleOf(node);
  element.append(name);
  if (!open && Math.min(place.width / 11, place.height / 5) > 13) element.classList.add('large');
  if (open ? place.width < 130 : place.height < 34) return;
  const figure = document.createElement('span');
  figure.className = 'tile-figure';
  figure.textContent = figureText(node);
  element.append(figure);
}

function drawCrumbs() {
  const parts = state.path.map((node, depth) => {
    const last = depth === state.path.length - 1;
    const part = document.createElement(last ? 'span' : 'button');
    if (!last) {
      part.type = 'button';
      part.addEventListener('click', () => openPath(state.path.slice(0, depth + 1)));
    }
    part.textContent = titleOf(node);
    return part;
  });
  const total = document.createElement('span');
  total.className = 'quiet';
  total.textContent = figureText(state.path[state.path.length - 1]);
  crumbs.replaceChildren(...parts, total);
}

function applyLanguage() {
  map.classList.toggle('filtered', state.language >= 0);
  for (const { element, path, open } of state.shapes) {
    const node = path[path.length - 1];
    element.classList.toggle('match', !open && node[LANGUAGE] === state.language);
  }
}

// --- moving about

function openPath(path) {
  const left = state.path[path.length];
  state.path = path;
  draw();
  info.textContent = describe(path).replaceAll('\n', ' · ');
  // Going up puts the focus on where one came from.
  const from = state.shapes.findIndex((shape) => shape.path[shape.path.length - 1] === left);
  if (map.contains(document.activeElement) || document.activeElement === document.body) focusShape(Math.max(0, from));
}

function choose(index) {
  const shape = state.shapes[index];
  if (shape === undefined) return;
  const node = shape.path[shape.path.length - 1];
  if (node[CHILDREN] !== undefined) {
    openPath(shape.path);
    focusShape(0);
    return;
  }
  for (const { element } of state.shapes) element.classList.toggle('chosen', element === shape.element);
  info.textContent = describe(shape.path).replaceAll('\n', ' · ');
}

function focusShape(index) {
  const next = state.shapes[index];
  if (next === undefined) return;
  const previous = state.shapes[state.current];
  if (previous !== undefined) previous.element.tabIndex = -1;
  state.current = index;
  next.element.tabIndex = 0;
  next.element.focus({ preventScroll: true });
}

const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** The nearest shape in a direction; what lies off to the side counts double. */
function neighbour(index, [dx, dy]) {
  const from = anchor(state.shapes[index]);
  let best = index;
  let least = Number.POSITIVE_INFINITY;
  for (const [candidate, shape] of state.shapes.entries()) {
    const to = anchor(shape);
    const along = (to.x - from.x) * dx + (to.y - from.y) * dy;
    const aside = Math.abs((to.x - from.x) * dy) + Math.abs((to.y - from.y) * dx);
    if (along > 1 && along + 2 * aside < least) {
      best = candidate;
      least = along + 2 * aside;
    }
  }
  return best;
}

function anchor({ place, open }) {
  return { x: place.x + place.width / 2, y: place.y + (open ? TITLE_HEIGHT / 2 : place.height / 2) };
}

function indexOf(target) {
  const element = target instanceof Element ? target.closest('[data-index]') : null;
  return element === null ? -1 : Number(element.dataset.index);
}

map.addEventListener('click', (event) => choose(indexOf(event.target)));
map.addEventListener('focusin', (event) => {
  const index = indexOf(event.target);
  if (index >= 0 && index !== state.current) focusShape(index);
  if (index >= 0) info.textContent = describe(state.shapes[index].path).replaceAll('\n', ' · ');
});
map.addEventListener('keydown', (event) => {
  const direction = DIRECTIONS[event.key];
  if (direction !== undefined) focusShape(neighbour(state.current, direction));
  else if ((event.key === 'Backspace' || event.key === 'Escape') && state.path.length > 1) {
    openPath(state.path.slice(0, -1));
  } else return;
  event.preventDefault();
});

for (const button of document.querySelectorAll('[data-metric]')) {
  button.addEventListener('click', () => {
    state.metric = button.dataset.metric;
    for (const other of document.querySelectorAll('[data-metric]')) {
      other.setAttribute('aria-pressed', String(other === button));
    }
    draw();
  });
}

for (const button of document.querySelectorAll('[data-language]')) {
  button.addEventListener('click', () => {
    const language = Number(button.dataset.language);
    state.language = state.language === language ? -1 : language;
    for (const other of document.querySelectorAll('[data-language]')) {
      other.setAttribute('aria-pressed', String(Number(other.dataset.language) === state.language));
    }
    applyLanguage();
    if (state.language >= 0) document.getElementById('map').scrollIntoView({ behavior: 'smooth', block: 'nearest' });
  });
}

// --- hints

function hintOf(target) {
  if (!(target instanceof Element)) return '';
  const index = indexOf(target);
  if (index >= 0 && map.contains(target)) return describe(state.shapes[index].path);
  return target.closest('[data-tip]')?.dataset.tip ?? '';
}

function showTip(text, x, y) {
  tip.hidden = text === '';
  if (text === '') return;
  tip.textContent = text;
  const { offsetWidth: width, offsetHeight: height } = tip;
  tip.style.left = `${Math.max(8, Math.min(x + 14, window.innerWidth - width - 8))}px`;
  tip.style.top = `${y + height + 26 > window.innerHeight ? Math.max(8, y - height - 12) : y + 16}px`;
}

document.addEventListener('pointermove', (event) => {
  if (event.pointerType === 'mouse') showTip(hintOf(event.target), event.clientX, event.clientY);
});
document.addEventListener('focusin', (event) => {
  const { target } = event;
  if (!(target instanceof Element) || !target.matches('[data-tip]')) return showTip('', 0, 0);
  const box = target.getBoundingClientRect();
  showTip(target.dataset.tip, box.left, box.bottom - 10);
});
document.addEventListener('focusout', () => showTip('', 0, 0));
document.addEventListener('scroll', () => showTip('', 0, 0), { passive: true });

new ResizeObserver(draw).observe(map);

// What all pages are made of. Text only ever becomes text nodes: no name, label or message is read as HTML.

export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  fill(element, attributes, children);
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';
export function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  fill(element, attributes, children);
  return element;
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'css') for (const [property, text] of Object.entries(value)) element.style.setProperty(property, text);
    else element.setAttribute(name, value === true ? '' : value);
  }
  add(element, children);
}

export function add(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

export function replace(element, ...children) {
  element.replaceChildren();
  add(element, children);
}

// Told to people who see the page and to those who hear it.
export function say(text, kind = 'good') {
  const place = document.getElementById('said');
  replace(place, h('p', {class: `toast ${kind}`}, text));
  clearTimeout(say.timer);
  say.timer = setTimeout(() => replace(place), 8000);
}

export const PHASES = ['succeeded', 'running', 'leased', 'ready', 'blocked', 'failed', 'cancelled'];

export function progressBar(counts, label) {
  const total = PHASES.reduce((sum, phase) => sum + (counts[phase] || 0), 0);
  const present = PHASES.filter((phase) => counts[phase]);
  const words = present.map((phase) => `${counts[phase]} ${phase}`).join(', ') || 'none';
  return h('div', {class: 'progress'},
      h('div', {class: 'bar', role: 'img', 'aria-label': `${label}: ${words} of ${total}`},
          present.map((phase) => h('span', {class: `part phase-${phase}`, css: {'flex-grow': String(counts[phase])}}))),
      h('ul', {class: 'legend', 'aria-hidden': 'true'},
          present.map((phase) => h('li', {}, h('i', {class: `dot phase-${phase}`}), `${counts[phase]} ${phase}`))));
}

export const phaseChip = (phase) => h('span', {class: 'chip'}, h('i', {class: `dot phase-${phase}`, 'aria-hidden': 'true'}), phase);

export const totalOf = (counts) => Object.values(counts).reduce((sum, n) => sum + n, 0);

export function seconds(value) {
  if (value === null || value === undefined) return '–';
  if (value < 1) return `${(value * 1000).toFixed(0)} ms`;
  if (value < 60) return `${value.toFixed(value < 10 ? 1 : 0)} s`;
  const whole = Math.round(value);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export const eta = (range) => range ? `${seconds(range[0])} to ${seconds(range[1])}` : '';

export const fixed = (value, digits = 3) => value === null || value === undefined ? '–' : value.toFixed(digits);
export const plain = (value) => Number.isInteger(value) ? String(value) : fixed(value, 4);

export function when(unixMs) {
  if (!unixMs) return '–';
  return h('time', {datetime: new Date(unixMs).toISOString(), title: new Date(unixMs).toISOString()},
      new Date(unixMs).toLocaleString(undefined, {dateStyle: 'medium', timeStyle: 'short'}));
}

export function ago(unixMs) {
  if (!unixMs) return 'never';
  const passed = (Date.now() - unixMs) / 1000;
  return passed < 2 ? 'now' : `${seconds(passed)} ago`;
}

// columns: [{title, number}], rows: arrays of cells. The first cell of a row heads it.
export function table(caption, columns, rows, {hideCaption = false} = {}) {
  return h('div', {class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption},
      h('table', {},
          h('caption', {class: hideCaption ? 'unseen' : null}, caption),
          h('thead', {}, h('tr', {}, columns.map((column) => h('th', {scope: 'col', class: column.number ? 'number' : null}, column.title)))),
          h('tbody', {}, rows.map((row) => h('tr', {}, row.map((cell, i) => i === 0
              ? h('th', {scope: 'row'}, cell)
              : h('td', {class: columns[i]?.number ? 'number' : null}, cell)))))));
}

export const section = (title, ...children) => {
  const id = `s-${title.toLowerCase().replace(/[^a-z]+/g, '-')}`;
  return h('section', {class: 'card', 'aria-labelledby': id}, h('h2', {id}, title), ...children);
};

export const empty = (text) => h('p', {class: 'quiet'}, text);

export function button(text, act, kind = '') {
  const element = h('button', {type: 'button', class: kind}, text);
  element.addEventListener('click', async () => {
    element.disabled = true;
    try {
      await act();
    } catch (error) {
      say(error.message, 'bad');
    } finally {
      element.disabled = false;
    }
  });
  return element;
}

export function download(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], {type}));
  const link = h('a', {href: url, download: name});
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

// Replaces what stands there only where it differs, so that a reader's place and selection stay.
export function refresh(place, ...children) {
  const next = h('div', {});
  add(next, children);
  if (place.dataset.shown === next.innerHTML) return false;
  place.dataset.shown = next.innerHTML;
  const focused = place.contains(document.activeElement) ? document.activeElement.id : '';
  place.replaceChildren(...next.childNodes);
  if (focused) document.getElementById(focused)?.focus();
  return true;
}

export const sweepLink = (name) => h('a', {href: `/sweeps/${encodeURIComponent(name)}`}, name);
export const jobLink = (id, text = `job ${id}`) => h('a', {href: `/jobs/${id}`}, text);

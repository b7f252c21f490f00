// All sweeps: how far they are and how long they still take.
import {get} from './api.js';
import {h, empty, eta, progressBar, refresh, sweepLink, table, totalOf, when} from './parts.js';

let place;

export function draw({main}) {
  place = h('div', {});
  main.append(h('h1', {}, 'Sweeps'), place);
}

function row(sweep) {
  const total = totalOf(sweep.runs);
  const done = sweep.runs.succeeded || 0;
  const open = total - done - (sweep.runs.failed || 0) - (sweep.runs.cancelled || 0);
  const state = open === 0 && total > 0 ? 'ended' : sweep.state;
  const shards = totalOf(sweep.preprocess) - (sweep.preprocess.succeeded || 0);
  return [
    sweepLink(sweep.name),
    h('span', {class: 'chip'}, state),
    h('div', {}, progressBar(sweep.runs, `Runs of ${sweep.name}`), shards > 0 ? h('p', {class: 'quiet'}, `${shards} shards of features to come`) : null),
    `${done} / ${total}`,
    eta(sweep.remaining_seconds) || '–',
    sweep.dataset || '–',
    when(sweep.created_at_unix_ms),
  ];
}

export async function look() {
  const {sweeps} = await get('sweeps');
  const columns = [{title: 'Sweep'}, {title: 'State'}, {title: 'Runs'}, {title: 'Done', number: true}, {title: 'Still takes'}, {title: 'Dataset'}, {title: 'Started'}];
  refresh(place, sweeps.length === 0
      ? h('div', {class: 'card'}, empty('No sweep yet.'), h('p', {}, 'Submit one: ', h('code', {}, 'tutti submit sweep.yaml')))
      : h('div', {class: 'card'}, table('All sweeps', columns, sweeps.map(row), {hideCaption: true})));
}

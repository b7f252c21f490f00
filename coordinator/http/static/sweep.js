// One sweep: tables that fill up, its grid, curves of chosen runs, confusion, cost, findings, downloads.
import {get, post} from './api.js';
import {h, button, download, empty, eta, fixed, jobLink, phaseChip, progressBar, refresh, replace, say, seconds, section, table, totalOf, when} from './parts.js';
import {curves} from './charts.js';
import {drawConfusion, drawCost, drawFindings, drawHeat, f1Table, performanceTable, runName, toCsv} from './results.js';

const MOST_CURVES = 8;
const FEW_AT_FIRST = 4;
const COST_EVERY_MS = 10000;  // it changes all the time while something runs
const MEASURES = {val_accuracy: 'Validation accuracy', val_loss: 'Validation loss', train_loss: 'Training loss', train_accuracy: 'Training accuracy'};

const at = {};      // where things are drawn
let shown = {by: 'f1', measure: 'val_accuracy', chosen: new Set(), byHand: false};
let data = {detail: null, jobs: []};
let costAskedAt = -Infinity;
let page;

export function draw(context) {
  page = context;
  const names = ['head', 'tables', 'heat', 'curves', 'confusion', 'cost', 'findings', 'trouble', 'files'];
  for (const name of names) at[name] = h('div', {});
  const choose = (label, id, options, key) => h('label', {for: id}, label, ' ', h('select', {id, onchange: (event) => {
    shown[key] = event.target.value;
    drawParts();
  }}, Object.entries(options).map(([value, text]) => h('option', {value}, text))));
  replace(context.main, at.head, section('Results', at.tables), section('Findings', at.findings),
      section('Grid', choose('Colour by', 'heat-by', {f1: 'F1', state: 'State'}, 'by'), h('p', {class: 'quiet'}, 'One field a run. Choose fields to draw their curves.'), at.heat),
      section('Learning curves', choose('Measure', 'measure', MEASURES, 'measure'), at.curves),
      section('Confusion matrix', at.confusion), section('Cost', at.cost), section('What failed', at.trouble), section('Downloads', at.files));
}

async function allJobs(name) {
  let jobs = [];
  for (let more = true; more;) {
    const after = jobs.length ? jobs[jobs.length - 1].id : 0;
    const reply = await get(`sweeps/${name}/jobs?after=${after}`);
    jobs = jobs.concat(reply.jobs);
    more = reply.more;
  }
  return jobs.filter((job) => job.kind !== 'preprocess');
}

export async function look({name}) {
  const before = data;
  if (performance.now() - costAskedAt >= COST_EVERY_MS) {
    const {cost} = await get(`sweeps/${name}/cost`);
    costAskedAt = performance.now();
    refresh(at.cost, drawCost(cost));
  }
  data = {detail: await get(`sweeps/${name}`), jobs: await allJobs(name)};
  if (before.detail === data.detail && before.jobs.length && JSON.stringify(before.jobs) === JSON.stringify(data.jobs)) return;
  if (!shown.byHand) chooseBest();
  drawParts();
}

// Until the reader chooses: the best so far, then those that run.
function chooseBest() {
  const rank = (job) => (job.f1_macro ?? -1) + (job.last_epoch ? 0.0001 : 0);
  const some = data.jobs.filter((job) => job.last_epoch).sort((a, b) => rank(b) - rank(a)).slice(0, FEW_AT_FIRST);
  shown.chosen = new Set(some.map((job) => job.id));
}

function toggle(job) {
  shown.byHand = true;
  if (shown.chosen.has(job.id)) shown.chosen.delete(job.id);
  else if (shown.chosen.size >= MOST_CURVES) return say(`At most ${MOST_CURVES} runs at once: take one out first.`, 'bad');
  else shown.chosen.add(job.id);
  drawParts();
}

function drawParts() {
  if (!data.detail) return;
  const {detail, jobs} = data;
  drawHead(detail);
  refresh(at.tables, f1Table(detail.table), performanceTable(detail.table), detail.undecodable.length ? undecodable(detail.undecodable) : null);
  refresh(at.findings, drawFindings(detail.table));
  drawHeat(at.heat, jobs, detail.axes, shown, toggle);
  drawTrouble(jobs);
  drawFiles(detail);
  drawCurves(jobs).catch((error) => say(error.message, 'bad'));
  drawBestConfusion(jobs).catch((error) => say(error.message, 'bad'));
}

function drawHead({sweep, remaining_seconds: remaining}) {
  const total = totalOf(sweep.runs);
  const done = sweep.runs.succeeded || 0;
  const open = total - done - (sweep.runs.failed || 0) - (sweep.runs.cancelled || 0);
  const change = (verb, body) => async () => {
    await post(`sweeps/${page.name}/${verb}`, body);
    say(`${page.name}: ${verb} is done.`);
    page.hurry();
  };
  const shards = totalOf(sweep.preprocess) - (sweep.preprocess.succeeded || 0);
  const key = JSON.stringify([sweep, remaining]);
  if (at.head.dataset.key === key) return;
  at.head.dataset.key = key;
  replace(at.head,
      h('h1', {}, sweep.name),
      h('p', {class: 'facts'}, h('span', {class: 'chip', id: 'state'}, open === 0 && total > 0 ? 'ended' : sweep.state), h('span', {id: 'done'}, `${done} of ${total} runs done`),
          remaining ? h('span', {id: 'eta'}, `still takes ${eta(remaining)}`) : null,
          sweep.dataset ? h('span', {}, `dataset ${sweep.dataset}`) : null, h('span', {}, 'since ', when(sweep.created_at_unix_ms)),
          shards ? h('span', {}, `${shards} shards of features to come`) : null),
      progressBar(sweep.runs, 'Runs'),
      page.isAdmin ? h('p', {class: 'actions'},
          sweep.state === 'paused' ? button('Resume', change('resume')) : open ? button('Pause', change('pause')) : null,
          sweep.runs.failed || sweep.runs.cancelled ? button('Try failed and cancelled again', change('retry', {only_failed: false})) : null,
          open ? button('Cancel the sweep', async () => confirm(`Cancel the ${open} runs that have not ended?`) && change('cancel')(), 'danger') : null) : null);
}

const undecodable = (tracks) => h('details', {}, h('summary', {}, `${tracks.length} tracks were left out: they cannot be decoded`),
    h('ul', {}, tracks.map((track) => h('li', {}, h('code', {}, track.path), ` ${track.message} (${track.worker})`))));

async function drawCurves(jobs) {
  const chosen = jobs.filter((job) => shown.chosen.has(job.id));
  if (!chosen.length) {
    at.curves.tuttiClear?.();
    return refresh(at.curves, empty('No run is chosen that has an epoch yet.'));
  }
  const details = await Promise.all(chosen.map((job) => get(`jobs/${job.id}`)));
  const key = JSON.stringify([shown.measure, details.map((one) => [one.job.id, one.job.epochs.length])]);
  if (at.curves.dataset.key === key && at.curves.querySelector('.chart')) return;
  at.curves.dataset.key = key;
  delete at.curves.dataset.shown;
  curves(at.curves, {
    title: MEASURES[shown.measure], xLabel: 'Epoch', yLabel: MEASURES[shown.measure],
    series: details.map(({job}) => ({
      label: runName(job.config, data.detail.axes), link: jobLink(job.id, runName(job.config, data.detail.axes)),
      points: job.epochs.map((point) => [point.epoch, point[shown.measure]]),
    })),
  });
}

async function drawBestConfusion(jobs) {
  const best = jobs.filter((job) => job.f1_macro !== null).sort((a, b) => b.f1_macro - a.f1_macro)[0];
  if (!best) return refresh(at.confusion, empty('No run is done yet.'));
  const {job, classes, predictions} = await get(`jobs/${best.id}`);
  refresh(at.confusion, h('p', {}, 'The best run: ', jobLink(job.id, runName(job.config, data.detail.axes)), `, F1 ${fixed(best.f1_macro)}`), drawConfusion(classes, predictions));
}

function drawTrouble(jobs) {
  const bad = jobs.filter((job) => job.phase === 'failed' || job.phase === 'cancelled').slice(0, 100);
  refresh(at.trouble, bad.length === 0 ? empty('Nothing.') : table('Runs that failed or were cancelled', [{title: 'Job'}, {title: 'Run'}, {title: 'State'}, {title: 'Why'}],
      bad.map((job) => [jobLink(job.id), runName(job.config, data.detail.axes), phaseChip(job.phase), `${job.failure} ${job.message}`]), {hideCaption: true}));
}

function drawFiles({table: results, sweep_file: file}) {
  const name = page.name;
  if (at.files.firstChild) return;
  replace(at.files, h('p', {class: 'actions'},
      button('Tables as CSV', () => download(`${name}.csv`, 'text/csv', toCsv(data.detail.table))),
      button('Tables as JSON', () => download(`${name}.json`, 'application/json', JSON.stringify(data.detail.table, null, 2))),
      button('The sweep file', () => download(`${name}.yaml`, 'text/yaml', file))),
      h('p', {class: 'quiet'}, 'On the command line: ', h('code', {}, `tutti export ${name} DIR`), ' writes curves, reports, matrices and weights; ', h('code', {}, `tutti report ${name}`), ' says what is certain.'));
}

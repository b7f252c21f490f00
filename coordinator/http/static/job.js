// One job: what became of each attempt, its curves and times, its log as it is written, how to do it again.
import {get, post} from './api.js';
import {h, button, empty, phaseChip, plain, refresh, replace, say, seconds, section, sweepLink, table, when} from './parts.js';
import {curves} from './charts.js';
import {drawConfusion, runName} from './results.js';

const LOG_LINES_KEPT = 2000;
const at = {};
const log = {attempt: 0, last: 0, ended: false, lines: []};
let page;
let axes;  // of its sweep, which names its runs by them

export function draw(context) {
  page = context;
  for (const name of ['head', 'why', 'loss', 'accuracy', 'times', 'attempts', 'config', 'scores', 'files', 'confusion']) at[name] = h('div', {});
  at.log = h('pre', {class: 'log', tabindex: '0', role: 'log', 'aria-label': 'What the runner printed', 'aria-live': 'off'});
  replace(context.main, at.head, section('Where it stands', at.why), section('Curves', h('div', {class: 'two'}, at.loss, at.accuracy)), section('Times', at.times), section('Scores', at.scores, at.confusion),
      section('Attempts', at.attempts), section('Log', at.log), section('Configuration', at.config), section('Files and commands', at.files));
}

export async function look({name}) {
  const [detail, why] = await Promise.all([get(`jobs/${name}`), get(`jobs/${name}/explain`)]);
  const {job} = detail;
  if (!axes && job.config) ({axes} = await get(`sweeps/${encodeURIComponent(job.sweep)}`));
  drawHead(job);
  refresh(at.why, h('p', {}, why.summary), why.reasons.length ? h('ul', {}, why.reasons.map((reason) => h('li', {}, reason.text))) : null,
      why.advice.map((step) => h('p', {}, step.text, step.command ? [': ', h('code', {}, step.command)] : null)));
  drawCurves(job);
  drawTimes(job.timings_seconds);
  refresh(at.attempts, job.attempts.length ? job.attempts.map(attempt) : empty('None yet.'));
  refresh(at.config, h('pre', {class: 'log', tabindex: '0'}, JSON.stringify(job.config, null, 2)), h('p', {class: 'quiet'}, `Key ${job.key}`));
  const scores = Object.entries(job.metrics);
  refresh(at.scores, scores.length ? table('Scores', [{title: 'Score'}, {title: 'Value', number: true}], scores.map(([metric, value]) => [metric, plain(value)]), {hideCaption: true}) : empty('They come with the result.'));
  refresh(at.confusion, detail.predictions.length ? [drawConfusion(detail.classes, detail.predictions), songs(detail)] : null);
  drawFiles(job);
  await followLog(name);
}

function drawHead(job) {
  const key = JSON.stringify([job.phase, job.attempt, job.worker]);
  if (at.head.dataset.key === key) return;
  at.head.dataset.key = key;
  const canCancel = page.isAdmin && !['succeeded', 'failed', 'cancelled'].includes(job.phase);
  replace(at.head, h('h1', {}, `Job ${job.id}`),
      h('p', {class: 'facts'}, phaseChip(job.phase), h('span', {}, `${job.kind} of sweep `, sweepLink(job.sweep)), job.config ? h('span', {}, runName(job.config, axes)) : null,
          h('span', {}, `attempt ${job.attempt}`), job.worker ? h('span', {}, `on ${job.worker}`) : null),
      job.failure ? h('p', {class: 'bad-text'}, `${job.failure}: ${job.message}`) : null,
      canCancel ? h('p', {class: 'actions'}, button('Cancel this job', async () => {
        await post(`jobs/${job.id}/cancel`);
        say(`Job ${job.id} is cancelled.`);
        page.hurry();
      }, 'danger')) : null);
}

function drawCurves(job) {
  const key = String(job.epochs.length);
  if (at.loss.dataset.key === key) return;
  at.loss.dataset.key = key;
  if (!job.epochs.length) return replace(at.loss, empty('No epoch yet.'));
  const series = (what) => ['train', 'val'].map((part) => ({label: part === 'train' ? 'training' : 'validation', dashed: part === 'train', points: job.epochs.map((point) => [point.epoch, point[`${part}_${what}`]])}));
  curves(at.loss, {title: 'Loss', xLabel: 'Epoch', yLabel: 'Loss', series: series('loss')});
  curves(at.accuracy, {title: 'Accuracy', xLabel: 'Epoch', yLabel: 'Accuracy', series: series('accuracy')});
}

function drawTimes(timings) {
  const parts = Object.entries(timings).filter(([name, value]) => value > 0 && !name.startsWith('total'));
  if (!parts.length) return refresh(at.times, empty('They come with the result.'));
  const all = parts.reduce((sum, [, value]) => sum + value, 0);
  refresh(at.times, h('div', {class: 'bar tall', role: 'img', 'aria-label': parts.map(([name, value]) => `${name} ${seconds(value)}`).join(', ')},
      parts.map(([, value], i) => h('span', {class: `part line-${i % 8 + 1}`, css: {'flex-grow': String(value / all)}}))),
      h('ul', {class: 'legend'}, parts.map(([name, value], i) => h('li', {}, h('i', {class: `dot line-${i % 8 + 1}`, 'aria-hidden': 'true'}), `${name} ${seconds(value)}`))));
}

function attempt(row) {
  const end = row.signal ? `signal ${row.signal}` : row.exit_code > 0 ? `exit code ${row.exit_code}` : '';
  return h('details', {open: row.outcome === 'failed'},
      h('summary', {}, `Attempt ${row.attempt} on ${row.worker || '?'}${row.device ? ` (${row.device})` : ''}: ${row.outcome}${row.failure ? `, ${row.failure}` : ''}${end ? `, ${end}` : ''}`),
      h('p', {class: 'facts'}, h('span', {}, 'granted ', when(row.granted_at_unix_ms)), h('span', {}, 'began ', when(row.started_at_unix_ms)), h('span', {}, 'ended ', when(row.ended_at_unix_ms))),
      row.message ? h('p', {class: 'bad-text'}, row.message) : null,
      row.log_tail.length ? h('pre', {class: 'log', tabindex: '0', 'aria-label': `Last lines of attempt ${row.attempt}`}, row.log_tail.join('\n')) : null);
}

const songs = ({classes, predictions}) => h('details', {}, h('summary', {}, `${predictions.length} songs of the test set`),
    table('Songs of the test set', [{title: 'Song'}, {title: 'True'}, {title: 'Predicted'}], predictions.map((row) => [row.path, classes[row.label], row.label === row.predicted ? classes[row.predicted] : h('strong', {}, classes[row.predicted])])));

function drawFiles(job) {
  const weights = job.artifacts.filter((one) => one.name === 'best' || one.name === 'last');
  refresh(at.files, h('p', {class: 'actions'}, weights.map((one) => [
    h('a', {class: 'button', href: `/api/v1/jobs/${job.id}/weights/${one.name}`, download: ''}, `${one.name} weights (${(one.size_bytes / 1e6).toFixed(1)} MB)`),
    h('a', {class: 'button', href: `/api/v1/jobs/${job.id}/weights/${one.name}/card`, download: ''}, `card of the ${one.name} weights`)])),
      h('p', {}, 'Do it again, and compare: ', h('code', {id: 'replay'}, `tutti replay ${job.id}`)),
      h('p', {}, 'Its weights: ', h('code', {}, `tutti checkpoint get ${job.id} best.safetensors`)));
}

async function followLog(name) {
  const reply = await get(`jobs/${name}/log?attempt=0&after=${log.last}`);
  if (reply.attempt !== log.attempt) {
    const isFirst = log.attempt === 0;
    Object.assign(log, {attempt: reply.attempt, last: 0, lines: []});
    if (!isFirst) return;  // from its first line, at the next look
  }
  if (!reply.lines.length && log.lines.length) return;
  log.last = reply.last;
  log.lines = log.lines.concat(reply.lines).slice(-LOG_LINES_KEPT);
  const follows = at.log.scrollTop + at.log.clientHeight >= at.log.scrollHeight - 20;
  at.log.textContent = log.lines.join('\n') || 'Nothing was printed.';
  if (follows) at.log.scrollTop = at.log.scrollHeight;
}

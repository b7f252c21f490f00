// The result tables and what is drawn from them. Numbers are the coordinator's; nothing is computed twice that it computes.
import {h, empty, fixed, phaseChip, seconds, table} from './parts.js';

const atPath = (config, path) => path.split('.').reduce((value, key) => value?.[key], config);
// A run's value of an axis: its configuration is nested, a user's own program has free names in `config`, and a table's cell is flat.
const valueOf = (config, axis) => (config.config ? atPath(config.config, axis) : undefined) ?? config[axis] ?? atPath(config, axis);

function part(axis, value) {
  if (axis === 'model') return String(value);
  if (axis === 'slice_seconds') return `${value} s`;
  return `${axis.split('.').pop()} ${typeof value === 'object' ? JSON.stringify(value) : value}`;
}

// All axes of the sweep but the seed; where they are not known, those that every run has and a program's own names.
export function cellName(config, axes) {
  if (!config) return 'run';
  const others = (axes || Object.keys(config.config || {})).filter((axis) => !['model', 'slice_seconds', 'seed'].includes(axis));
  const parts = ['model', 'slice_seconds', ...others].map((axis) => [axis, valueOf(config, axis)]).filter(([, value]) => value !== undefined && value !== null);
  return parts.map(([axis, value]) => part(axis, value)).join(' ') || 'run';
}

export function runName(config, axes) {
  const seed = config ? valueOf(config, 'seed') : undefined;
  return seed === undefined ? cellName(config, axes) : `${cellName(config, axes)} seed ${seed}`;
}

// Every axis but the slice length: what a row of the F1 table is.
const rowName = ({config}) => Object.entries(config).filter(([axis]) => axis !== 'slice_seconds').map(([axis, value]) => part(axis, value)).join(', ') || 'all';
const columnOf = (cell) => cell.slice_seconds || 0;

export function f1Table(results) {
  if (!results.cells.length) return empty('No cell yet.');
  const slices = [...new Set(results.cells.map(columnOf))].sort((a, b) => a - b);
  const rows = [...new Set(results.cells.map(rowName))];
  const find = (row, slice) => results.cells.find((cell) => rowName(cell) === row && columnOf(cell) === slice);
  const kinds = [
    ['average ± std', (cell) => cell.average === null ? '–' : `${fixed(cell.average)}${cell.std === null ? '' : ` ± ${fixed(cell.std)}`}`],
    ['best', (cell) => fixed(cell.best)],
    ['done', (cell) => `${cell.done}/${cell.planned}`],
  ];
  const columns = [{title: 'Model'}, {title: 'Figure'}, ...slices.map((slice) => ({title: slice ? `${slice} s` : 'all', number: true}))];
  return table(`Song ${results.metric} by model and slice length`, columns, rows.flatMap((row) => kinds.map(([kind, text]) => [row, kind, ...slices.map((slice) => {
    const cell = find(row, slice);
    return cell ? text(cell) : '–';
  })])));
}

const meanStd = (value, text = fixed) => value.mean === null ? '–' : `${text(value.mean)}${value.std === null ? '' : ` ± ${text(value.std)}`}`;

export function performanceTable(results) {
  if (!results.performance.length) return null;
  const columns = [{title: 'Model'}, {title: 'Slice', number: true}, {title: 'Done', number: true}, {title: 'Slice accuracy', number: true}, {title: 'Song accuracy', number: true}, {title: 'Time', number: true}, {title: 'Epochs', number: true}];
  return table('Accuracy, time and epochs', columns, results.performance.map((cell) => [
    rowName(cell), cell.slice_seconds ? `${cell.slice_seconds} s` : '–', `${cell.done}/${cell.planned}`, meanStd(cell.slice_accuracy), meanStd(cell.song_accuracy),
    meanStd(cell.execution_seconds, seconds), meanStd(cell.epochs, (value) => value.toFixed(1))]));
}

export function toCsv(results) {
  const axes = Object.keys(results.cells[0]?.config || {});
  const quoted = (value) => {
    const text = value === null || value === undefined ? '' : String(value);
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = [[...axes, 'done', 'planned', 'average', 'best', 'std']];
  for (const cell of results.cells) lines.push([...axes.map((axis) => cell.config[axis]), cell.done, cell.planned, cell.average, cell.best, cell.std]);
  return lines.map((line) => line.map(quoted).join(',')).join('\n') + '\n';
}

// One row a cell, one field a run: a button that draws or takes away its curve.
export function drawHeat(place, jobs, axes, shown, toggle) {
  const key = JSON.stringify([axes, shown.by, [...(shown.chosen)], jobs.map((job) => [job.id, job.phase, job.f1_macro])]);
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  const focused = document.activeElement?.dataset?.job;
  const scores = jobs.map((job) => job.f1_macro).filter((value) => value !== null);
  const low = scores.reduce((a, b) => Math.min(a, b), 1);
  const high = scores.reduce((a, b) => Math.max(a, b), 0);
  const rows = new Map();
  for (const job of jobs) {
    const name = cellName(job.config, axes);
    if (!rows.has(name)) rows.set(name, []);
    rows.get(name).push(job);
  }
  const field = (job) => {
    const share = job.f1_macro === null || high <= low ? 0.5 : (job.f1_macro - low) / (high - low);
    const isScore = shown.by === 'f1' && job.f1_macro !== null;
    const text = isScore ? fixed(job.f1_macro, 2) : job.phase;
    return h('button', {
      type: 'button', 'data-job': String(job.id), 'aria-pressed': String(Boolean(shown.chosen.has(job.id))),
      class: `field ${isScore ? `score score-${Math.round(share * 4)}` : `phase-field phase-${job.phase}`}`,
      'aria-label': `${text}, ${runName(job.config, axes)}, ${job.phase}`,
      onclick: () => toggle(job),
    }, text);
  };
  place.replaceChildren(jobs.length === 0 ? empty('No run yet.') : h('div', {class: 'heat'}, [...rows].map(([name, runs]) => h('div', {class: 'heat-row'}, h('span', {class: 'heat-name'}, name), h('div', {class: 'fields'}, runs.map(field))))));
  if (focused) place.querySelector(`[data-job="${CSS.escape(focused)}"]`)?.focus();
}

export function drawConfusion(classes, predictions) {
  if (!predictions.length) return empty('This run has no songs.');
  const counts = classes.map(() => classes.map(() => 0));
  for (const row of predictions) counts[row.label][row.predicted] += 1;
  const most = Math.max(...counts.flat(), 1);
  return table('Songs by true class (rows) and predicted class (columns)', [{title: 'True'}, ...classes.map((name) => ({title: name, number: true}))],
      counts.map((row, i) => [classes[i], ...row.map((count, j) => h('span', {class: `count score-${Math.round(4 * count / most)}${i === j ? ' right' : ''}`}, String(count)))]));
}

// All attempts, also those that failed or were lost: what the sweep has kept slots busy with.
export function drawCost(rows) {
  const sum = (field) => rows.reduce((all, row) => all + row[field], 0);
  const total = sum('seconds');
  if (!total) return empty('Nothing has run yet.');
  const name = (row) => row.kind === 'preprocess' ? 'features' : row.model || 'own program';
  const line = (title, row) => [title, row.running ? `${row.attempts}, ${row.running} run` : String(row.attempts), seconds(row.seconds), seconds(row.lost_seconds), `${(100 * row.seconds / total).toFixed(0)} %`];
  return table('Busy time of all attempts', [{title: 'Model'}, {title: 'Attempts', number: true}, {title: 'Time', number: true}, {title: 'Of it for nothing', number: true}, {title: 'Share', number: true}],
      [...rows.map((row) => line(name(row), row)), line('all', {attempts: sum('attempts'), running: sum('running'), seconds: total, lost_seconds: sum('lost_seconds')})]);
}

// What the table says at once; how certain it is, `tutti report` computes.
export function drawFindings(results) {
  const done = results.cells.filter((cell) => cell.average !== null);
  if (!done.length) return empty('No run is done yet.');
  const best = (cells) => cells.reduce((a, b) => b.average > a.average ? b : a);
  const top = best(done);
  const slices = [...new Set(done.map(columnOf))].sort((a, b) => a - b);
  const complete = done.filter((cell) => cell.done === cell.planned).length;
  return h('ul', {},
      h('li', {}, h('strong', {}, cellName(top.config, Object.keys(top.config))), ` is best so far: average ${results.metric} ${fixed(top.average)} over ${top.done} of ${top.planned} seeds.`),
      slices.length > 1 ? slices.map((slice) => {
        const winner = best(done.filter((cell) => columnOf(cell) === slice));
        return h('li', {}, `At ${slice} s: ${rowName(winner)} with ${fixed(winner.average)}.`);
      }) : null,
      h('li', {}, `${complete} of ${results.cells.length} cells are complete${complete < results.cells.length ? '; the order may still change' : ''}.`),
      results.crossing_duplicates ? h('li', {}, `Up to ${results.crossing_duplicates} songs of a test set are in training under another name.`) : null);
}

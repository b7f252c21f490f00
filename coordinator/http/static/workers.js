// Who works: slots, what runs where, who is set aside and why, and what each did over the last hours.
import {get, post} from './api.js';
import {h, svg, ago, button, empty, jobLink, refresh, replace, say, section, table} from './parts.js';

const SHOWN_MS = 2 * 3600 * 1000;
const BEGINS = 'attempt_granted';
const at = {};
const history = {last: 0, spans: new Map()};  // by job and attempt
let page;

export function draw(context) {
  page = context;
  at.list = h('div', {});
  at.time = h('div', {});
  replace(context.main, h('h1', {}, 'Workers'), section('Now', at.list), section('The last two hours', at.time));
}

export async function look() {
  const {workers} = await get('workers');
  const key = JSON.stringify(workers.map(({last_seen_unix_ms: seen, ...rest}) => rest));
  if (at.list.dataset.key !== key) {
    at.list.dataset.key = key;
    drawList(workers);
  }
  for (const worker of workers) {
    const seen = document.getElementById(`seen-${worker.id}`);
    if (seen) seen.textContent = worker.connected ? 'now' : ago(worker.last_seen_unix_ms);
  }
  await readHistory();
  drawTime(workers);
}

function drawList(workers) {
  if (!workers.length) {
    return replace(at.list, empty('No worker has come yet.'), h('p', {}, 'Start one: ', h('code', {}, 'tutti-worker --profile worker.json --dir DIR')));
  }
  const columns = [{title: 'Worker'}, {title: 'State'}, {title: 'Slots busy', number: true}, {title: 'Runs'}, {title: 'Trains on'}, {title: 'Host'}, {title: 'Seen'}, ...(page.isAdmin ? [{title: 'Change'}] : [])];
  replace(at.list, table('Workers', columns, workers.map((worker) => [
    worker.name,
    h('span', {}, h('span', {class: 'chip'}, worker.state), worker.set_aside.map((place) => h('p', {class: 'quiet'}, `${place.device || 'the whole worker'}: ${place.reason}`))),
    h('span', {}, h('meter', {min: '0', max: String(Math.max(worker.slots, 1)), value: String(worker.busy_slots), 'aria-label': `Busy slots of ${worker.name}`}), ` ${worker.busy_slots} / ${worker.slots}`),
    worker.running.length ? worker.running.map((job, i) => [i ? ', ' : '', jobLink(job)]) : '–',
    worker.devices.length ? worker.devices.join(', ') : `${worker.cores} cores`,
    `${worker.host} (${worker.version})`,
    h('span', {id: `seen-${worker.id}`}),
    ...(page.isAdmin ? [change(worker)] : []),
  ]), {hideCaption: true}));
}

function change(worker) {
  const verb = worker.drained ? 'undrain' : 'drain';
  return button(worker.drained ? 'Give it work again' : 'Take it out of work', async () => {
    await post(`workers/${worker.id}/${verb}`);
    say(`${worker.name}: ${verb} is done.`);
    page.hurry();
  });
}

// From the log of events: an attempt is a span from its grant to what ended it.
async function readHistory() {
  while (true) {
    const reply = await get(`events?after=${history.last}`);
    for (const event of reply.events) note(event);
    if (reply.last_number === history.last) break;
    history.last = reply.last_number;
    if (reply.events.length === 0) break;
  }
  const begin = Date.now() - SHOWN_MS;
  for (const [key, span] of history.spans) if (span.end && span.end < begin) history.spans.delete(key);
}

function note(event) {
  if (!event.job || !event.attempt) return;
  const key = `${event.job}/${event.attempt}`;
  if (event.kind === BEGINS) history.spans.set(key, {worker: event.worker, job: event.job, begin: event.at_unix_ms, end: 0, kind: ''});
  else if (/accepted|failed|broke|expired|returned|cancelled|superseded|lost|reclaimed/.test(event.kind)) {
    const span = history.spans.get(key);
    if (!span) return;
    span.end = event.kind.includes('reclaimed') ? 0 : event.at_unix_ms;
    span.kind = event.kind;
  }
}

// Spans that overlap go into lanes below each other: about a slot each.
function lanes(spans) {
  const rows = [];
  for (const span of spans.sort((a, b) => a.begin - b.begin)) {
    const free = rows.find((row) => (row[row.length - 1].end || Infinity) <= span.begin);
    if (free) free.push(span);
    else rows.push([span]);
  }
  return rows;
}

function drawTime(workers) {
  const now = Date.now();
  const all = [...history.spans.values()];
  const begin = Math.max(now - SHOWN_MS, Math.min(...all.map((span) => span.begin), now - 60000));
  const x = (time) => 1000 * (Math.max(time, begin) - begin) / (now - begin);
  const drawn = workers.map((worker) => {
    const rows = lanes(all.filter((span) => span.worker === worker.name));
    if (!rows.length) return null;
    const height = rows.length * 14;
    const done = rows.flat().filter((span) => span.end).length;
    return h('div', {class: 'lane'}, h('span', {class: 'heat-name'}, worker.name),
        svg('svg', {viewBox: `0 0 1000 ${height}`, preserveAspectRatio: 'none', class: 'lanes', height: String(height), role: 'img', 'aria-label': `${worker.name}: ${done} attempts ended, ${rows.flat().length - done} run`},
            rows.flatMap((row, i) => row.map((span) => svg('rect', {x: x(span.begin).toFixed(1), y: i * 14 + 1, width: Math.max(x(span.end || now) - x(span.begin), 1.5).toFixed(1), height: 12, class: span.end ? (span.kind.includes('accepted') ? 'span-good' : 'span-bad') : 'span-runs'},
                svg('title', {}, `job ${span.job} ${span.kind || 'runs'}`))))));
  });
  refresh(at.time, drawn.some(Boolean) ? [drawn, h('p', {class: 'quiet'}, `From ${new Date(begin).toLocaleTimeString()} to now; `, h('i', {class: 'dot phase-succeeded'}), ' succeeded, ', h('i', {class: 'dot phase-running'}), ' runs, ', h('i', {class: 'dot phase-failed'}), ' ended otherwise.')] : empty('Nothing ran here.'));
}

// Who works: slots, what runs where, who is set aside and why, and what each did over the last hours.
import {get, post} from './api.js';
import {h, svg, ago, button, empty, jobLink, refresh, replace, say, section, table} from './parts.js';

const SHOWN_MS = 2 * 3600 * 1000;
const MOST_SPANS = 5000;
const LIST_MAY_BE_OLD_MS = 10000;
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
  const key = JSON.stringify(workers.map(({last_seen_unix_ms: seen, use, ...rest}) => [rest, Boolean(use)]));
  if (at.list.dataset.key !== key) {
    at.list.dataset.key = key;
    drawList(workers);
  }
  for (const worker of workers) {
    const seen = document.getElementById(`seen-${worker.id}`);
    if (seen) seen.textContent = worker.connected ? 'now' : ago(worker.last_seen_unix_ms);
    const use = document.getElementById(`use-${worker.id}`);
    if (use) refresh(use, worker.use ? drawUse(worker) : '–');
  }
  await readHistory(Date.now() - SHOWN_MS);
  noteRunning(workers);
  drawTime(workers);
}

function drawList(workers) {
  if (!workers.length) {
    return replace(at.list, empty('No worker has come yet.'), h('p', {}, 'Start one: ', h('code', {}, 'tutti-worker --profile worker.json --dir DIR')));
  }
  const columns = [{title: 'Worker'}, {title: 'State'}, {title: 'Slots busy', number: true}, {title: 'Runs'}, {title: 'Trains on'}, ...(workers.some((worker) => worker.use) ? [{title: 'Use'}] : []), {title: 'Host'}, {title: 'Seen'}, ...(page.isAdmin ? [{title: 'Change'}] : [])];
  replace(at.list, table('Workers', columns, workers.map((worker) => [
    worker.name,
    h('span', {}, h('span', {class: 'chip'}, worker.state), worker.set_aside.map((place) => h('p', {class: 'quiet'}, `${place.device || 'the whole worker'}: ${place.reason}`))),
    h('span', {}, h('meter', {min: '0', max: String(Math.max(worker.slots, 1)), value: String(worker.busy_slots), 'aria-label': `Busy slots of ${worker.name}`}), ` ${worker.busy_slots} / ${worker.slots}`),
    worker.running.length ? worker.running.map((job, i) => [i ? ', ' : '', jobLink(job)]) : '–',
    worker.devices.length ? worker.devices.join(', ') : `${worker.cores} cores`,
    ...(workers.some((one) => one.use) ? [h('div', {id: `use-${worker.id}`})] : []),
    `${worker.host} (${worker.version})`,
    h('span', {id: `seen-${worker.id}`}),
    ...(page.isAdmin ? [change(worker)] : []),
  ]), {hideCaption: true}));
}

const gigabytes = (bytes) => (bytes / 1e9).toFixed(bytes < 1e10 ? 1 : 0);

// What the machine is used to, by whomever: processor, memory, each GPU.
function drawUse({name, use}) {
  const share = (what, value) => [h('meter', {min: '0', max: '1', value: value.toFixed(3), 'aria-label': `${what} of ${name}`}), ` ${(100 * value).toFixed(0)} %`];
  const memory = (what, used, total) => total > 0 ? [h('meter', {min: '0', max: String(total), value: String(used), 'aria-label': `${what} of ${name}`}), ` ${gigabytes(used)} of ${gigabytes(total)} GB`] : null;
  return h('ul', {class: 'use'},
      h('li', {}, h('span', {class: 'quiet'}, 'processor '), share('Processor', use.cpu_share)),
      h('li', {}, h('span', {class: 'quiet'}, 'memory '), memory('Memory', use.memory_used_bytes, use.memory_total_bytes)),
      use.gpus.map((gpu) => h('li', {}, h('span', {class: 'quiet', title: gpu.model}, `${gpu.device} `), share(gpu.device, gpu.share), ' ', memory(`Memory of ${gpu.device}`, gpu.memory_used_bytes, gpu.memory_total_bytes))));
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
async function readHistory(begin) {
  while (true) {
    const reply = await get(history.last ? `events?after=${history.last}` : `events?since=${begin}`);
    for (const event of reply.events) note(event);
    if (reply.last_number === history.last) break;
    history.last = reply.last_number;
    if (reply.events.length === 0) break;
  }
  for (const [key, span] of history.spans) if (span.end && span.end < begin) history.spans.delete(key);
  for (const key of history.spans.keys()) {  // the oldest first
    if (history.spans.size <= MOST_SPANS) break;
    history.spans.delete(key);
  }
}

function note(event) {
  if (!event.job || !event.attempt) return;
  const key = `${event.job}/${event.attempt}`;
  if (event.kind === 'attempt_granted') history.spans.set(key, {worker: event.worker, job: event.job, begin: event.at_unix_ms, end: 0, kind: ''});
  else if (event.kind !== 'attempt_started' && (event.kind === 'result_accepted' || event.kind.startsWith('attempt_'))) {
    // One that began before what is shown has its end here only.
    if (!history.spans.has(key)) history.spans.set(key, {worker: event.worker, job: event.job, begin: 0});
    const span = history.spans.get(key);
    span.end = event.kind === 'attempt_reclaimed' ? 0 : event.at_unix_ms;
    span.kind = event.kind;
  }
}

// What runs all the time has no event in the time that is shown: it is known as the list has it.
function noteRunning(workers) {
  for (const [key, span] of history.spans) if (span.fromList) history.spans.delete(key);
  const justNow = Date.now() - LIST_MAY_BE_OLD_MS;
  const known = new Set([...history.spans.values()].filter((span) => !span.end || span.end > justNow).map((span) => `${span.worker}/${span.job}`));
  for (const worker of workers) {
    for (const job of worker.running) {
      if (!known.has(`${worker.name}/${job}`)) history.spans.set(`list/${worker.id}/${job}`, {worker: worker.name, job, begin: 0, end: 0, kind: '', fromList: true});
    }
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
  const begin = Math.max(now - SHOWN_MS, all.reduce((first, span) => Math.min(first, span.begin), now - 60000));
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

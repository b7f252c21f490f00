import assert from 'node:assert/strict';

import {eventually} from '../browser.mjs';
import {busyMs, commandSweep} from '../fleet.mjs';

const RUNS = 1000;
const LOOK_EVERY_MS = 2000;
const COST_EVERY_MS = 10000;
const MEASURED_MS = 20000;
const CHANGE_EVERY_MS = 5000;
const MOST_SHARE = 0.05;
// What fifty people look at.
const PAGES = {sweep: 30, job: 10, workers: 5, sweeps: 5};

// Asks as api.js does: with the tags that it has.
function asker(fleet, counts) {
  const tags = new Map();
  return async (path, {isKept = true} = {}) => {
    const headers = {Authorization: `Bearer ${fleet.token('reader')}`};
    if (tags.has(path)) headers['If-None-Match'] = tags.get(path);
    const reply = await fetch(`${fleet.url}/api/v1/${path}`, {headers});
    assert.ok(reply.status === 200 || reply.status === 304, `${path}: ${reply.status}`);
    counts[reply.status] += 1;
    if (isKept) tags.set(path, reply.headers.get('ETag'));
    return reply.status === 200 ? reply.json() : null;
  };
}

// What each page asks at every look: look() of the script of its name.
const LOOKS = {
  sweeps: (get) => async () => { await get('sweeps'); },
  sweep: (get) => {
    let costAskedAt = -Infinity;
    return async () => {
      if (performance.now() - costAskedAt >= COST_EVERY_MS) {
        await get('sweeps/large/cost');
        costAskedAt = performance.now();
      }
      await get('sweeps/large');
      await get('sweeps/large/jobs?after=0');
    };
  },
  job: (get, job) => {
    let last = 0;
    return async () => {
      await Promise.all([get(`jobs/${job}`), get(`jobs/${job}/explain`)]);
      const log = await get(`jobs/${job}/log?attempt=0&after=${last}`, {isKept: false});
      last = log.last;
    };
  },
  workers: (get) => {
    let last = 0;
    return async () => {
      await get('workers');
      for (let more = true; more;) {
        const reply = await get(last ? `events?after=${last}` : `events?since=${Date.now() - 2 * 3600 * 1000}`, {isKept: false});
        more = reply.last_number !== last && reply.events.length > 0;
        last = reply.last_number;
      }
    };
  },
};

async function openPage(look, end) {
  await new Promise((wake) => setTimeout(wake, Math.random() * LOOK_EVERY_MS));
  while (Date.now() < end()) {
    await look();
    await new Promise((wake) => setTimeout(wake, LOOK_EVERY_MS));
  }
}

// The coordinator's share of a core while the pages are open, and `beside` is done every five seconds.
async function measured(fleet, job, beside) {
  const counts = {200: 0, 304: 0};
  let end = Infinity;
  const pages = Object.entries(PAGES).flatMap(([name, many]) => Array.from({length: many}, () => openPage(LOOKS[name](asker(fleet, counts), job), () => end)));
  await new Promise((wake) => setTimeout(wake, 2 * LOOK_EVERY_MS));  // all have loaded
  const share = await shareOfACore(fleet.coordinator.pid, beside);
  end = 0;
  await Promise.all(pages);
  return {share, counts};
}

async function shareOfACore(pid, beside) {
  const before = busyMs(pid);
  const begun = Date.now();
  while (Date.now() < begun + MEASURED_MS) {
    await beside();
    await new Promise((wake) => setTimeout(wake, CHANGE_EVERY_MS));
  }
  return (busyMs(pid) - before) / (Date.now() - begun);
}

export async function scenario(fleet) {
  await fleet.startCoordinator();
  // Number 0 runs all the while, and prints.
  const script = "import sys, time\nwhile True: print('still here', flush=True); time.sleep(1)";
  await fleet.submit(commandSweep({name: 'large', runs: RUNS, script}));
  await fleet.startWorker('anna', ['--allow-command']);
  let job;
  await eventually('one runs', async () => {
    const [worker] = JSON.parse(await fleet.tutti('workers', '--json'));
    [job] = worker.running;
    return Boolean(job);
  });
  let priority = 0;
  const kinds = {
    'one of them running': async () => {},
    'and somebody changing the sweep every five seconds': () => fleet.tutti('priority', 'large', String(++priority)),
  };
  const words = Object.entries(PAGES).map(([name, many]) => `${many} ${name}`).join(', ');
  for (const [what, beside] of Object.entries(kinds)) {
    const {share, counts} = await measured(fleet, job, beside);
    console.log(`open pages (${words}) of a sweep of ${RUNS} runs, ${what}: ${(100 * share).toFixed(1)} % of one core (${counts[304]} answers unchanged, ${counts[200]} sent)`);
    assert.ok(share < MOST_SHARE, `${(100 * share).toFixed(1)} % of a core`);
  }
}

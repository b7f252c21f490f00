import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';

import {commandSweep} from '../fleet.mjs';

const PAGES = 50;
const RUNS = 1000;
const LOOK_EVERY_MS = 2000;
const MEASURED_MS = 20000;
const TICKS_PER_SECOND = 100;
const MOST_SHARE = 0.05;

// Seconds of processor time so far.
function busy(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

// What an open page of a sweep asks, as app.js and api.js do it: every two seconds, with the tags it has.
async function openPage(fleet, end, counts) {
  const tags = new Map();
  const get = async (path) => {
    const headers = {Authorization: `Bearer ${fleet.token('reader')}`};
    if (tags.has(path)) headers['If-None-Match'] = tags.get(path);
    const reply = await fetch(`${fleet.url}/api/v1/${path}`, {headers});
    assert.ok(reply.status === 200 || reply.status === 304, `${path}: ${reply.status}`);
    counts[reply.status] += 1;
    tags.set(path, reply.headers.get('ETag'));
    await reply.arrayBuffer();
  };
  await new Promise((wake) => setTimeout(wake, Math.random() * LOOK_EVERY_MS));
  while (Date.now() < end()) {
    await get('sweeps/large');
    await get('sweeps/large/jobs?after=0');
    await new Promise((wake) => setTimeout(wake, LOOK_EVERY_MS));
  }
}

export async function scenario(fleet) {
  await fleet.startCoordinator();
  await fleet.submit(commandSweep({name: 'large', runs: RUNS, script: 'pass'}));
  const pid = fleet.coordinator.pid;
  for (const changing of [false, true]) {
    const counts = {200: 0, 304: 0};
    let end = Infinity;
    const pages = Array.from({length: PAGES}, () => openPage(fleet, () => end, counts));
    await new Promise((wake) => setTimeout(wake, 2 * LOOK_EVERY_MS));  // all have loaded
    const before = busy(pid);
    const begun = Date.now();
    let priority = 0;
    while (Date.now() < begun + MEASURED_MS) {
      if (changing) await fleet.tutti('priority', 'large', String(++priority));
      await new Promise((wake) => setTimeout(wake, 1000));
    }
    const share = (busy(pid) - before) / ((Date.now() - begun) / 1000);
    end = 0;
    await Promise.all(pages);
    console.log(`${PAGES} open pages of a sweep of ${RUNS} runs${changing ? ', something changing every second' : ''}: ${(100 * share).toFixed(1)} % of one core (${counts[304]} answers unchanged, ${counts[200]} sent)`);
    assert.ok(share < MOST_SHARE, `${(100 * share).toFixed(1)} % of a core`);
  }
}

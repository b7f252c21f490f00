import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';

import {eventually} from '../browser.mjs';
import {commandSweep} from '../fleet.mjs';

export const expected = [/status of 403/];

export async function scenario(fleet, browser) {
  await fleet.startCoordinator();
  const go = fleet.path('go');
  // Number 1 fails; the others wait until the file is there.
  const script = `import os, sys, time\nif sys.argv[1] == '1' and not os.path.exists('${go}'): sys.exit('number 1 is broken')\nwhile not os.path.exists('${go}'): time.sleep(0.05)`;
  await fleet.startWorker('anna', ['--allow-command'], 2);
  await fleet.submit(commandSweep({name: 'waits', runs: 4, script}));

  const admin = await browser.logIn(fleet.url, fleet.profile('admin'));
  await admin.goto(`${fleet.url}/sweeps/waits`);
  await admin.getByText('1 failed').first().waitFor();
  await admin.getByRole('table', {name: 'Runs that failed or were cancelled'}).getByText('crashed').waitFor();

  const reader = await browser.logIn(fleet.url, fleet.profile('reader'));
  await reader.goto(`${fleet.url}/sweeps/waits`);
  await reader.getByText('0 of 4 runs done').waitFor();
  assert.equal(await reader.getByRole('button', {name: /Cancel|Try|Pause/}).count(), 0);
  for (const path of ['sweeps/waits/cancel', 'sweeps/waits/retry', 'jobs/1/cancel']) assert.equal(await sendAsThePageDoes(reader, path), 403, path);

  await cancelAJob(fleet, admin, reader);
  await admin.getByRole('button', {name: 'Cancel the sweep'}).click();
  await eventually('the sweep is cancelled', async () => {
    const [sweep] = JSON.parse(await fleet.tutti('sweeps', '--json'));
    return (sweep.runs.cancelled === 3 && sweep.runs.failed === 1) || sweep.runs;
  });
  await reader.getByText('3 cancelled').waitFor();

  assert.equal(await sendAsThePageDoes(reader, 'sweeps/waits/retry'), 403);
  writeFileSync(go, '');
  await admin.getByRole('button', {name: 'Try failed and cancelled again'}).click();
  await admin.getByText('4 of 4 runs done').waitFor();
  await reader.getByText('4 of 4 runs done').waitFor();
  await itsCost(fleet, admin);
}

// By the address and the token that the page itself would use.
const sendAsThePageDoes = (page, path) => page.evaluate(async (where) => {
  const {csrf} = await (await fetch('/api/v1/me')).json();
  const reply = await fetch(`/api/v1/${where}`, {method: 'POST', headers: {'Content-Type': 'application/json', 'X-Tutti-CSRF': csrf}, body: '{}'});
  return reply.status;
}, path);

const jobs = async (fleet) => JSON.parse(await fleet.tutti('jobs', 'waits', '--json'));

async function cancelAJob(fleet, admin, reader) {
  let running;
  await eventually('one runs', async () => {
    running = (await jobs(fleet)).find((job) => job.phase === 'running');
    return Boolean(running);
  });
  await reader.goto(`${fleet.url}/jobs/${running.id}`);
  await reader.getByText('running').first().waitFor();
  assert.equal(await reader.getByRole('button', {name: 'Cancel this job'}).count(), 0);
  await admin.goto(`${fleet.url}/jobs/${running.id}`);
  await admin.getByRole('button', {name: 'Cancel this job'}).click();
  await admin.getByText('cancelled').first().waitFor();
  await admin.getByRole('button', {name: 'Cancel this job'}).waitFor({state: 'detached'});
  assert.equal((await jobs(fleet)).find((job) => job.id === running.id).phase, 'cancelled');
  for (const page of [admin, reader]) await page.goto(`${fleet.url}/sweeps/waits`);
}

// Of all attempts, those that failed or were cancelled too.
async function itsCost(fleet, page) {
  let attempts = [];
  for (const {id} of await jobs(fleet)) attempts = attempts.concat(JSON.parse(await fleet.tutti('show', String(id), '--json')).attempts);
  attempts = attempts.filter((one) => one.started_at_unix_ms);
  assert.ok(attempts.length > 4, 'no attempt was in vain');
  const seconds = (some) => some.reduce((sum, one) => sum + one.ended_at_unix_ms - one.started_at_unix_ms, 0) / 1000;
  const reply = await fetch(`${fleet.url}/api/v1/sweeps/waits/cost`, {headers: {Authorization: `Bearer ${fleet.token('reader')}`}});
  const {cost: [row, ...more]} = await reply.json();
  assert.deepEqual(more, []);
  assert.deepEqual([row.kind, row.model, row.attempts, row.running], ['command', '', attempts.length, 0]);
  assert.ok(Math.abs(row.seconds - seconds(attempts)) < 1e-6, `${row.seconds} s, and the attempts took ${seconds(attempts)}`);
  assert.ok(Math.abs(row.lost_seconds - seconds(attempts.filter((one) => one.outcome !== 'succeeded'))) < 1e-6);
  await page.getByRole('table', {name: 'Busy time of all attempts'}).getByRole('row', {name: new RegExp(`^own program ${attempts.length} `)}).waitFor();
}

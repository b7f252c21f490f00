import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';

import {eventually, seriousFindings} from '../browser.mjs';
import {commandSweep} from '../fleet.mjs';

export const expected = [/status of 403/];

const TWO_HOURS_MS = 2 * 3600 * 1000;
const MANY_EVENTS = 150000;

export async function scenario(fleet, browser) {
  await fleet.startCoordinator();
  const go = fleet.path('go');
  await fleet.submit(commandSweep({name: 'waits', runs: 1, script: `import os, time\nwhile not os.path.exists('${go}'): time.sleep(0.05)`}));
  await fleet.startWorker('anna', ['--allow-command']);
  await itsUseAndWhatItDid(fleet, browser);
  await outOfWorkAndBack(fleet, browser, go);
  await manyEvents(fleet, browser);
}

async function itsUseAndWhatItDid(fleet, browser) {
  const page = await browser.logIn(fleet.url, fleet.profile('reader'));
  const asked = [];
  page.on('request', (request) => request.url().includes('/api/v1/events') && asked.push(new URL(request.url())));
  await page.goto(`${fleet.url}/workers`);
  await page.getByText('1 / 1').waitFor();
  await page.getByRole('columnheader', {name: 'Use'}).waitFor();
  await page.getByRole('meter', {name: 'Processor of anna'}).waitFor();
  await page.getByText(/memory\s+[\d.]+ of [\d.]+ GB/).first().waitFor();
  await page.getByRole('img', {name: 'anna: 0 attempts ended, 1 run'}).waitFor();
  assert.deepEqual(await seriousFindings(page), []);
  // No more of the log than is shown, however long it is.
  const [first, ...later] = asked.map((url) => url.searchParams);
  const age = Date.now() - Number(first.get('since'));
  assert.ok(age > TWO_HOURS_MS - 60000 && age < TWO_HOURS_MS + 60000, asked.join('\n'));
  assert.ok(later.every((one) => Number(one.get('after')) > 0), asked.join('\n'));
  await page.context().close();
}

async function outOfWorkAndBack(fleet, browser, go) {
  const reader = await browser.logIn(fleet.url, fleet.profile('reader'));
  await reader.goto(`${fleet.url}/workers`);
  await reader.getByText('1 / 1').waitFor();
  assert.equal(await reader.getByRole('button', {name: /work/}).count(), 0);
  const refused = await reader.evaluate(async () => {
    const {csrf} = await (await fetch('/api/v1/me')).json();
    const reply = await fetch('/api/v1/workers/anna/drain', {method: 'POST', headers: {'Content-Type': 'application/json', 'X-Tutti-CSRF': csrf}, body: '{}'});
    return reply.status;
  });
  assert.equal(refused, 403);
  writeFileSync(go, '');
  const admin = await browser.logIn(fleet.url, fleet.profile('admin'));
  await admin.goto(`${fleet.url}/workers`);
  await admin.getByText('0 / 1').waitFor();
  const drained = async () => JSON.parse(await fleet.tutti('workers', '--json'))[0].drained;
  for (const [verb, next, isDrained] of [['Take it out of work', 'Give it work again', true], ['Give it work again', 'Take it out of work', false]]) {
    await admin.getByRole('button', {name: verb}).click();
    await admin.getByRole('button', {name: next}).waitFor();
    await eventually(`the worker is drained: ${isDrained}`, async () => await drained() === isDrained);
  }
  await reader.getByRole('img', {name: 'anna: 1 attempts ended, 0 run'}).waitFor();
  await Promise.all([reader.context().close(), admin.context().close()]);
}

// More than a call can have arguments: the page draws the newest of them and goes on.
async function manyEvents(fleet, browser) {
  const page = await browser.logIn(fleet.url, fleet.profile('reader'));
  const now = Date.now();
  const events = Array.from({length: MANY_EVENTS}, (_, i) => ({number: i + 1, at_unix_ms: now - MANY_EVENTS + i, kind: 'attempt_granted', job: i + 10, attempt: 1, worker: 'anna'}));
  await page.route(/\/api\/v1\/events/, (route) => {
    const after = Number(new URL(route.request().url()).searchParams.get('after'));
    return route.fulfill({json: {events: after ? [] : events, last_number: MANY_EVENTS}});
  });
  await page.goto(`${fleet.url}/workers`);
  await page.getByRole('img', {name: /anna: 0 attempts ended, \d+ run/}).waitFor();
  assert.equal(await page.getByRole('alert').isVisible(), false);
  await page.context().close();
}

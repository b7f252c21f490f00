import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';

import {eventually} from '../browser.mjs';
import {childrenOf} from '../fleet.mjs';

export const expected = [/status of 429/];

const AT_ONCE = 10;
const HEARD_AT_ONCE = 3;
const QUICK_MS = 2000;  // a busy machine's; without a bound it were 30 s

export async function scenario(fleet, browser) {
  await fleet.startCoordinator();
  await fleet.addTinyMusic();
  await fleet.submit(`name: tiny
dataset: tiny
grid: {model: [rnn], slice_seconds: [1], seed: [333]}
training: {epochs: 1, batch_size: 4}
features: {clip_seconds: 2}
split: {kind: stratified, test: 0.25, validation: 0.25}
`);
  const {child: worker} = await fleet.startWorker('anna', ['--serve']);
  await eventually('the run is done', async () => {
    const [sweep] = JSON.parse(await fleet.tutti('sweeps', '--json'));
    return sweep.runs.succeeded === 1 || sweep.runs;
  }, 60000);
  const music = fleet.path('music');
  const [label] = readdirSync(music);
  const file = join(music, label, readdirSync(join(music, label))[0]);
  const bytes = readFileSync(file);
  const send = () => fetch(`${fleet.url}/api/v1/listen`, {method: 'POST', headers: {Authorization: `Bearer ${fleet.token('reader')}`, 'Content-Type': 'application/octet-stream'}, body: bytes});
  const page = await browser.logIn(fleet.url, fleet.profile('reader'));
  await page.goto(`${fleet.url}/listen`);
  await eventually('it hears', async () => (await send()).status === 200);

  // Whoever listens stands still, so that what is asked waits.
  const runners = childrenOf(worker.pid);
  assert.ok(runners.length > 0);
  for (const pid of runners) process.kill(pid, 'SIGSTOP');
  let refused = 0;
  const sent = Array.from({length: AT_ONCE}, () => send().then((reply) => { refused += reply.status === 429; return reply; }));
  await eventually('the others are told', () => refused === AT_ONCE - HEARD_AT_ONCE || refused, QUICK_MS);
  for (let i = 0; i < 5; ++i) {
    const begun = performance.now();
    assert.equal((await fetch(`${fleet.url}/healthz`)).status, 200);
    const took = performance.now() - begun;
    assert.ok(took < QUICK_MS, `/healthz took ${took.toFixed(0)} ms`);
  }
  await page.getByLabel('A file of music').setInputFiles(file);
  await page.locator('#heard').getByText('Others are being listened to').waitFor();
  await page.reload();  // another page is there at once, too
  await page.getByLabel('A file of music').setInputFiles(file);
  await page.locator('#heard').getByText('Others are being listened to').waitFor();

  for (const pid of runners) process.kill(pid, 'SIGCONT');
  const replies = await Promise.all(sent);
  const count = (status) => replies.filter((reply) => reply.status === status).length;
  assert.deepEqual([count(200), count(429)], [HEARD_AT_ONCE, AT_ONCE - HEARD_AT_ONCE]);
  for (const reply of replies) {
    const answer = await reply.json();
    if (reply.status === 200) assert.equal(answer.model.sweep, 'tiny');
    else {
      assert.ok(Number(reply.headers.get('Retry-After')) > 0);
      assert.match(answer.error.message, /try again in \d+ s/);
    }
  }
  // The page tries again by itself.
  await page.locator('canvas.mel').waitFor();
}

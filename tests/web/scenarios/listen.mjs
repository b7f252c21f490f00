import assert from 'node:assert/strict';
import {readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';

import {eventually, picture, seriousFindings} from '../browser.mjs';

export const expected = [/status of 400/, /status of 409/, /status of 413/, /status of 503/, /status of 429/];

const AT_ONCE = 10;

export async function scenario(fleet, browser) {
  await fleet.startCoordinator();
  await fleet.addTinyMusic();
  await fleet.submit(`name: tiny
dataset: tiny
grid: {model: [rnn], slice_seconds: [1], seed: [333]}
training: {epochs: 12, patience: 12, batch_size: 4}
features: {clip_seconds: 2}
split: {kind: stratified, test: 0.25, validation: 0.25}
`);
  const {child: plain} = await fleet.startWorker('anna');
  const page = await browser.logIn(fleet.url, fleet.profile('reader'));
  await page.getByRole('link', {name: 'Listen'}).click();
  await page.getByText('No worker serves at the moment').waitFor();
  await page.getByRole('button', {name: 'a chord'}).click();
  await page.locator('#heard').getByText(/no worker serves|no run is done/).waitFor();
  await eventually('the run is done', async () => {
    const [sweep] = JSON.parse(await fleet.tutti('sweeps', '--json'));
    return sweep.runs.succeeded === 1 || sweep.runs;
  }, 60000);
  plain.kill('SIGTERM');
  await fleet.startWorker('berta', ['--serve']);
  await page.locator('#nobody').waitFor({state: 'detached'});
  await page.getByText('rnn, slices of 1 s').waitFor();

  // Each class of the tests' music by a file of it.
  const music = fleet.path('music');
  for (const label of readdirSync(music)) {
    const name = readdirSync(join(music, label)).sort()[0];
    await page.getByLabel('A file of music').setInputFiles(join(music, label, name));
    await eventually(`${name} is heard as ${label}`, async () => {
      const text = await page.locator('#verdict').textContent({timeout: 5000});
      return new RegExp(`^${label} – ${name}|Nearest: ${label}\\.`).test(text) || text;
    });
    await page.locator('canvas.mel').waitFor();
  }
  await picture(page, 'listen-heard-light');
  assert.deepEqual(await seriousFindings(page), []);

  await page.getByRole('button', {name: 'silence'}).click();
  await page.locator('#verdict').getByText('Not sure: there is nothing to hear').waitFor();

  const bad = fleet.path('bad.wav');
  writeFileSync(bad, 'no audio at all');
  await page.getByLabel('A file of music').setInputFiles(bad);
  await page.locator('#heard').getByText('bad.wav: this file cannot be heard').waitFor();

  await page.getByRole('button', {name: /^Record/}).click();
  await page.getByRole('button', {name: /^Stop/}).click();
  await page.locator('#heard').getByText('recording.wav').waitFor();
  await page.locator('canvas.mel').waitFor();

  await many(fleet, music);
}

// By the API, as a script would: all of them are answered, and a huge one is refused at once.
async function many(fleet, music) {
  const [label] = readdirSync(music);
  const bytes = readFileSync(join(music, label, readdirSync(join(music, label))[0]));
  const send = (body) => fetch(`${fleet.url}/api/v1/listen`, {method: 'POST', headers: {Authorization: `Bearer ${fleet.token('reader')}`, 'Content-Type': 'application/octet-stream'}, body});
  const replies = await Promise.all(Array.from({length: AT_ONCE}, () => send(bytes)));
  assert.deepEqual(replies.map((reply) => reply.status), Array(AT_ONCE).fill(200));
  for (const reply of replies) assert.equal((await reply.json()).predicted, label);
  const huge = await send(Buffer.alloc((24 << 20) + 1)).then((reply) => reply.status, () => 413);
  assert.equal(huge, 413);
}

import assert from 'node:assert/strict';
import {readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';

import {dropFile, eventually, picture, seriousFindings} from '../browser.mjs';
import {speechLike, toWav} from '../sounds.mjs';

export const expected = [/status of 400/, /status of 409/, /status of 503/, /status of 429/];

const EVIL = '<img src=x onerror="window.hacked=3">.wav';
const EXAMPLES = ['blues', 'jazz', 'reggae'];

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

  const music = fleet.path('music');
  await eachClassByAFileOfIt(page, music);
  await picture(page, 'listen-heard-light');
  assert.deepEqual(await seriousFindings(page), []);
  await whatNoModelIsSureOf(page);
  await badFiles(fleet, page);
  await musicThatComesAlong(page);

  await page.getByRole('button', {name: /^Record/}).click();
  // Three seconds of it: what is stopped at once may hold no sound yet.
  await page.getByRole('button', {name: /^Stop \((\d|1\d|2[0-7]) s left/}).click();
  await page.getByRole('img', {name: /^Mel picture of recording\.wav/}).waitFor();
}

// Chosen or dropped, from outside the browser.
async function eachClassByAFileOfIt(page, music) {
  for (const [i, label] of readdirSync(music).entries()) {
    const name = readdirSync(join(music, label)).sort()[0];
    const path = join(music, label, name);
    if (i % 2) await page.getByLabel('A file of music').setInputFiles(path);
    else await dropFile(page, '.drop', path);
    await eventually(`${name} is heard as ${label}`, async () => {
      const text = await page.locator('#verdict').textContent({timeout: 5000});
      return new RegExp(`^${label} – ${name}|Nearest: ${label}\\.`).test(text) || text;
    });
    await page.locator('canvas.mel').waitFor();
  }
}

async function whatNoModelIsSureOf(page) {
  await page.getByRole('button', {name: 'silence'}).click();
  await page.locator('#verdict').getByText('Not sure: there is nothing to hear').waitFor();
  await page.getByLabel('A file of music').setInputFiles({name: 'talk.wav', mimeType: 'audio/wav', buffer: toWav(6, speechLike)});
  await page.locator('#verdict').getByText('Not sure: this sounds like somebody who speaks').waitFor();
}

async function badFiles(fleet, page) {
  const bad = fleet.path('bad.wav');
  writeFileSync(bad, 'no audio at all');
  await page.getByLabel('A file of music').setInputFiles(bad);
  await page.locator('#heard').getByText('bad.wav: this file cannot be heard').waitFor();
  // Told before a byte of it is sent.
  await page.getByLabel('A file of music').setInputFiles({name: 'huge.wav', mimeType: 'audio/wav', buffer: Buffer.alloc((24 << 20) + 1)});
  await page.locator('#heard').getByText('huge.wav has 25 MB; at most 24 are taken').waitFor();
  // And by the coordinator, to whoever sends it all the same.
  const reply = await fetch(`${fleet.url}/api/v1/listen`, {
    method: 'POST', headers: {Authorization: `Bearer ${fleet.token('reader')}`, 'Content-Type': 'application/octet-stream'}, body: Buffer.alloc((24 << 20) + 1)});
  assert.equal(reply.status, 413);
  assert.match((await reply.json()).error.message, /at most 25165824/);

  await page.getByLabel('A file of music').setInputFiles({name: EVIL, mimeType: 'audio/wav', buffer: toWav(3, (t) => 0.3 * Math.sin(2 * Math.PI * 440 * t))});
  await page.locator('canvas.mel').waitFor();
  await page.getByText(/^\d+.* in all/).waitFor();
  assert.equal(await page.locator('canvas.mel').getAttribute('aria-label'), `Mel picture of ${EVIL}: time from left to right, low notes below`);
  await page.getByLabel('A file of music').setInputFiles({name: EVIL, mimeType: 'audio/wav', buffer: Buffer.from('no audio')});
  await page.locator('#heard').getByText(`${EVIL}: this file cannot be heard`).waitFor();
  assert.equal(await page.evaluate(() => window.hacked), undefined);
  assert.equal(await page.locator('img:not([src^="/static/"])').count(), 0);
}

async function musicThatComesAlong(page) {
  for (const name of EXAMPLES) {
    await page.getByRole('button', {name}).click();
    await page.getByRole('img', {name: `Mel picture of example-${name}.ogg: time from left to right, low notes below`}).waitFor();
  }
}

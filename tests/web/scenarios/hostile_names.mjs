import assert from 'node:assert/strict';
import {copyFileSync, mkdirSync, readdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';

import {commandSweep} from '../fleet.mjs';

const EVIL = '<img src=x onerror="window.hacked=1">';

export async function scenario(fleet, browser) {
  await fleet.startCoordinator();
  await fleet.addTinyMusic();
  // A class, a track and an error message, each of which would run if it were read as HTML.
  const music = fleet.path('music');
  const [label] = readdirSync(music).sort();
  const evil = join(music, EVIL.replaceAll('/', ''));
  mkdirSync(evil);
  for (const name of readdirSync(join(music, label))) copyFileSync(join(music, label, name), join(evil, `<script>hacked=2<script>${name}`));
  writeFileSync(join(evil, `${EVIL}.wav`), 'no audio');
  await fleet.tutti('dataset', 'add', 'evil', music);
  await fleet.submit(`name: evil
dataset: evil
grid: {model: [crnn1d], slice_seconds: [1], seed: [333]}
training: {epochs: 1, batch_size: 4}
features: {clip_seconds: 2}
split: {kind: stratified, test: 0.25, validation: 0.25}
`);
  await fleet.submit(commandSweep({name: 'shouts', runs: 1, script: `import sys\nprint('''${EVIL}''')\nsys.exit('''${EVIL}''')`}), 'shouts.yaml');
  await fleet.startWorker(`${'anna'}<b>`, ['--allow-command']);
  const page = await browser.logIn(fleet.url, fleet.profile('reader'));

  await page.goto(`${fleet.url}/sweeps/evil`);
  await page.getByText('1 of 1 runs done').waitFor();
  await page.locator('summary', {hasText: 'cannot be decoded'}).click();
  await page.getByText(`${EVIL}.wav`).first().waitFor();
  await page.getByRole('columnheader', {name: EVIL}).waitFor();
  await page.getByRole('link', {name: /seed 333/}).first().click();
  await page.locator('summary', {hasText: 'songs of the test set'}).click();
  await page.goto(`${fleet.url}/sweeps/shouts`);
  await page.getByRole('link', {name: /^job \d+$/}).first().click();
  await page.getByRole('log').getByText(EVIL).waitFor();
  await page.goto(`${fleet.url}/workers`);
  await page.getByText('anna<b>').first().waitFor();
  assert.equal(await page.evaluate(() => window.hacked), undefined);
  assert.equal(await page.locator('img:not([src^="/static/"]), main script').count(), 0);
}

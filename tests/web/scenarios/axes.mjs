import assert from 'node:assert/strict';

import {commandSweep} from '../fleet.mjs';

// The names of the grid's rows, and how many runs stand in each.
const rowsOf = (page) => page.locator('.heat-row').evaluateAll((rows) => Object.fromEntries(rows.map((row) => [row.querySelector('.heat-name').textContent, row.querySelectorAll('button').length])));

export async function scenario(fleet, browser) {
  await fleet.startCoordinator();
  await fleet.addTinyMusic();
  await fleet.submit(`name: rates
dataset: tiny
grid: {model: [rnn, crnn1d], slice_seconds: [1], learning_rate: [0.001, 0.01], seed: [333, 123]}
training: {epochs: 1, batch_size: 4}
features: {clip_seconds: 2}
split: {kind: kfold, folds: 2, validation: 0.3}
include: [{model: cnn, slice_seconds: 1, learning_rate: 0.1, seed: 5, split.fold: 1}]
`);
  await fleet.submit(commandSweep({name: 'own', runs: 2, script: 'pass'}).replace('grid: {', 'grid: {optimiser: [adam, sgd], seed: [1, 2, 3], '), 'own.yaml');

  const page = await browser.logIn(fleet.url, fleet.profile('reader'));
  await page.goto(`${fleet.url}/sweeps/rates`);
  await page.locator('.heat-row').first().waitFor();
  assert.deepEqual(await rowsOf(page), {
    'rnn 1 s learning_rate 0.001 fold 0': 2,
    'rnn 1 s learning_rate 0.01 fold 0': 2,
    'crnn1d 1 s learning_rate 0.001 fold 0': 2,
    'crnn1d 1 s learning_rate 0.01 fold 0': 2,
    'cnn 1 s learning_rate 0.1 fold 1': 1,
  });
  await page.getByRole('button', {name: 'blocked, rnn 1 s learning_rate 0.01 fold 0 seed 123, blocked'}).waitFor();

  await page.goto(`${fleet.url}/sweeps/own`);
  await page.locator('.heat-row').first().waitFor();
  assert.deepEqual(await rowsOf(page), {'optimiser adam number 0': 3, 'optimiser adam number 1': 3, 'optimiser sgd number 0': 3, 'optimiser sgd number 1': 3});

  // The page of a run calls it by the same name.
  const [job] = JSON.parse(await fleet.tutti('jobs', 'rates', '--json')).filter((one) => one.kind === 'train' && one.config.model === 'cnn');
  await page.goto(`${fleet.url}/jobs/${job.id}`);
  await page.getByText('cnn 1 s learning_rate 0.1 fold 1 seed 5').waitFor();
}

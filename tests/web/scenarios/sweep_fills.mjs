import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';

import {eventually} from '../browser.mjs';
import {TINY_SWEEP} from '../fleet.mjs';

export async function scenario(fleet, browser) {
  await fleet.startCoordinator();
  await fleet.addTinyMusic();
  await fleet.submit(TINY_SWEEP.replace('seed: [333, 123]', 'seed: [333]'));
  const page = await browser.logIn(fleet.url, fleet.profile('reader'));
  await page.getByRole('link', {name: 'tiny'}).click();
  await page.waitForURL(`${fleet.url}/sweeps/tiny`);
  await page.getByText('0 of 2 runs done').waitFor();
  await page.getByText('No run is done yet.').first().waitFor();

  // Nothing is loaded anew from here on: the page follows by itself, also when the sweep grows.
  await fleet.startWorker('anna');
  await page.getByText('2 of 2 runs done').waitFor({timeout: 90000});
  await fleet.submit(TINY_SWEEP);
  await page.getByText('4 of 4 runs done').waitFor({timeout: 90000});

  await page.locator('.chart canvas').first().waitFor();
  const table = JSON.parse(await fleet.tutti('table', 'tiny', '--format', 'json'));
  const results = page.getByRole('table', {name: /^Song f1_macro/});
  for (const cell of table.cells) {
    await eventually(`${cell.model}'s average is on the page`, async () => {
      const text = await results.textContent();
      return text.includes(cell.average.toFixed(3)) || text;
    });
  }
  await page.getByRole('table', {name: /^Songs by true class/}).waitFor();
  await page.getByText('of 2 cells are complete').waitFor();

  // A field of the grid takes its curve away and brings it back.
  const field = page.getByRole('button', {name: /crnn1d 1 s seed 333/});
  for (const wanted of ['false', 'true']) {
    await field.click();
    await eventually(`the field says pressed=${wanted}`, async () => await field.getAttribute('aria-pressed') === wanted);
  }

  const [tables] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', {name: 'Tables as CSV'}).click()]);
  assert.equal(tables.suggestedFilename(), 'tiny.csv');

  const legend = page.locator('.legend a').first();
  await legend.click();
  await page.getByRole('heading', {name: /^Job \d+$/}).waitFor();
  await page.getByText('succeeded').first().waitFor();
  assert.equal(await page.locator('.chart canvas').count(), 2);
  const [weights] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', {name: /^best weights/}).click()]);
  assert.match(weights.suggestedFilename(), /^job-\d+-best\.safetensors$/);
  const [card] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', {name: 'card of the best weights'}).click()]);
  assert.equal(card.suggestedFilename(), `${weights.suggestedFilename()}.md`);
  // Bytes and words are those of the command line.
  const file = fleet.path(weights.suggestedFilename());
  await fleet.tutti('checkpoint', 'get', weights.suggestedFilename().match(/\d+/)[0], file);
  assert.ok(readFileSync(file).equals(readFileSync(await weights.path())));
  assert.equal(readFileSync(await card.path(), 'utf8'), readFileSync(`${file}.md`, 'utf8'));
}

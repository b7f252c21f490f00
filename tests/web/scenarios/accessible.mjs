import assert from 'node:assert/strict';

import {eventually, picture, seriousFindings} from '../browser.mjs';
import {TINY_SWEEP} from '../fleet.mjs';

export async function scenario(fleet, browser) {
  await fleet.startCoordinator();
  await fleet.addTinyMusic();
  await fleet.submit(TINY_SWEEP);
  await fleet.startWorker('anna');
  await fleet.startWorker('berta');
  await eventually('the sweep ends', async () => {
    const [sweep] = JSON.parse(await fleet.tutti('sweeps', '--json'));
    return sweep.runs.succeeded === 4 || sweep.runs;
  }, 90000);
  const jobs = JSON.parse(await fleet.tutti('jobs', 'tiny', '--json'));
  const list = Array.isArray(jobs) ? jobs : jobs.jobs;
  const run = list.find((job) => job.kind === 'train').id;
  const pages = {sweeps: '/', sweep: '/sweeps/tiny', job: `/jobs/${run}`, workers: '/workers', listen: '/listen', login: '/login'};
  for (const colorScheme of ['light', 'dark']) {
    const page = await browser.logIn(fleet.url, fleet.profile('admin'), {colorScheme});
    for (const [name, path] of Object.entries(pages)) {
      await page.goto(fleet.url + path);
      if (name !== 'login' && name !== 'listen') await page.locator('main[data-looked]').waitFor();
      else await page.getByRole('heading').first().waitFor();
      if (name === 'sweep' || name === 'job') await page.locator('.chart canvas').first().waitFor();
      await picture(page, `${name}-${colorScheme}`);
      const findings = await seriousFindings(page);
      assert.deepEqual(findings, [], `${name}, ${colorScheme}`);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), `${name} is wider than the window`);
    }
    await page.context().close();
  }
  await byKeyboard(fleet, browser);
  await onAPhone(fleet, browser, pages);
}

async function byKeyboard(fleet, browser) {
  const page = await browser.logIn(fleet.url, fleet.profile('admin'));
  await page.getByRole('link', {name: 'tiny'}).waitFor();
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the page');
  await page.keyboard.press('Enter');
  for (let i = 0; i < 10; ++i) {
    await page.keyboard.press('Tab');
    if (await page.evaluate(() => document.activeElement.textContent) === 'tiny') break;
  }
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/sweeps\/tiny$/);
  const field = page.getByRole('button', {name: /crnn1d 1 s seed 333/});
  await field.focus();
  const before = await field.getAttribute('aria-pressed');
  await page.keyboard.press('Space');
  await eventually('the keyboard chooses a run', async () => await field.getAttribute('aria-pressed') !== before);
  assert.equal(await page.evaluate(() => document.activeElement.dataset.job !== undefined), true, 'the focus is lost');
  await page.context().close();
}

async function onAPhone(fleet, browser, pages) {
  const page = await browser.logIn(fleet.url, fleet.profile('reader'), {viewport: {width: 390, height: 800}, hasTouch: true, isMobile: true});
  for (const [name, path] of Object.entries(pages)) {
    await page.goto(fleet.url + path);
    if (name !== 'login' && name !== 'listen') await page.locator('main[data-looked]').waitFor();
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth + 1), `${name} is wider than a phone`);
  }
  await picture(page, 'phone');
}

import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';

import {commandSweep} from '../fleet.mjs';

export const expected = [/ERR_CONNECTION_REFUSED/, /ERR_CONNECTION_RESET/, /ERR_EMPTY_RESPONSE/, /status of 50/];

export async function scenario(fleet, browser) {
  await fleet.startCoordinator();
  const go = fleet.path('go');
  const script = `import os, time\nwhile not os.path.exists('${go}'): time.sleep(0.05)`;
  await fleet.submit(commandSweep({name: 'waits', runs: 2, script}));
  await fleet.startWorker('anna', ['--allow-command']);
  const page = await browser.logIn(fleet.url, fleet.profile('reader'));
  await page.goto(`${fleet.url}/sweeps/waits`);
  await page.getByText('1 running').first().waitFor();

  await fleet.killCoordinator();
  await page.getByText('The coordinator does not answer').waitFor();
  await page.getByText('0 of 2 runs done').waitFor();  // what it said last stays

  const url = fleet.url;
  await fleet.startCoordinator();
  assert.equal(fleet.url, url, 'the port was not taken again');
  await page.getByText('The coordinator is back').waitFor();
  writeFileSync(go, '');
  // No new login, no loading anew.
  await page.getByText('2 of 2 runs done').waitFor();
  assert.equal(page.url(), `${url}/sweeps/waits`);
}

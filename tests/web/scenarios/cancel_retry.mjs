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
  assert.equal(await reader.getByRole('button', {name: 'Cancel the sweep'}).count(), 0);
  const refused = await reader.evaluate(async () => {
    const {csrf} = await (await fetch('/api/v1/me')).json();
    const reply = await fetch('/api/v1/sweeps/waits/cancel', {method: 'POST', headers: {'Content-Type': 'application/json', 'X-Tutti-CSRF': csrf}, body: '{}'});
    return reply.status;
  });
  assert.equal(refused, 403);

  await admin.getByRole('button', {name: 'Cancel the sweep'}).click();
  await eventually('the sweep is cancelled', async () => {
    const [sweep] = JSON.parse(await fleet.tutti('sweeps', '--json'));
    return (sweep.runs.cancelled === 3 && sweep.runs.failed === 1) || sweep.runs;
  });
  await reader.getByText('3 cancelled').waitFor();

  writeFileSync(go, '');
  await admin.getByRole('button', {name: 'Try failed and cancelled again'}).click();
  await admin.getByText('4 of 4 runs done').waitFor();
  await reader.getByText('4 of 4 runs done').waitFor();
}

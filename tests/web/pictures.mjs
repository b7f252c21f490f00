// node pictures.mjs ADDRESS PROFILE SWEEP DIR: the pictures of README.md, of a coordinator that runs (deploy/quickstart.sh --open).
import {readFileSync} from 'node:fs';
import {join} from 'node:path';

import {Browser} from './browser.mjs';

const [address, profile, sweep, folder] = process.argv.slice(2);
if (!folder) {
  console.error('usage: node pictures.mjs ADDRESS PROFILE SWEEP DIR');
  process.exit(2);
}
const browser = await Browser.open();
for (const colorScheme of ['light', 'dark']) {
  const page = await browser.logIn(address, readFileSync(profile, 'utf8'), {colorScheme, viewport: {width: 1100, height: 1250}});
  await page.goto(`${address}/sweeps/${sweep}`);
  await page.locator('.chart canvas').first().waitFor();
  await page.screenshot({path: join(folder, `sweep-${colorScheme}.png`)});
}
const page = await browser.logIn(address, readFileSync(profile, 'utf8'), {viewport: {width: 1100, height: 1000}});
await page.goto(`${address}/listen`);
await page.getByRole('button', {name: 'a chord'}).click();
await page.locator('canvas.mel').waitFor();
await page.screenshot({path: join(folder, 'listen-light.png')});
browser.expectNoProblems();
await browser.end();

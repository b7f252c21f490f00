// node pictures.mjs ADDRESS PROFILE SWEEP DIR: each page, light and dark, of a coordinator that runs; pictures.sh calls it.
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';

import {Browser} from './browser.mjs';
import {toPalette} from './palette_png.mjs';

const WIDTH = 1100;
const MOST_BYTES = 150000;

const [address, profile, sweep, folder] = process.argv.slice(2);
if (!folder) {
  console.error('usage: node pictures.mjs ADDRESS PROFILE SWEEP DIR (tests/web/pictures.sh finds them by itself)');
  process.exit(2);
}

const looked = (page) => page.locator('main[data-looked]').waitFor();

// What is to be seen of each, and when all of it is there.
const PAGES = {
  sweeps: {height: 360, show: async (page) => { await page.goto(`${address}/`); await looked(page); }},
  sweep: {height: 1250, show: async (page) => {
    await page.goto(`${address}/sweeps/${sweep}`);
    await page.locator('.chart canvas').first().waitFor();
  }},
  job: {height: 1250, show: async (page) => {
    await page.goto(`${address}/sweeps/${sweep}`);
    await page.locator('.legend a').first().click();
    await page.locator('.chart canvas').first().waitFor();
  }},
  workers: {height: 620, show: async (page) => {
    await page.goto(`${address}/workers`);
    await page.locator('svg.lanes').first().waitFor();
  }},
  listen: {height: 1250, show: async (page) => {
    await page.goto(`${address}/listen`);
    await page.getByText(/slices of/).waitFor();
    await page.getByRole('button', {name: 'reggae'}).click();
    await page.locator('canvas.mel').waitFor();
  }},
  login: {height: 460, show: async (page) => {
    await page.getByRole('button', {name: 'Log out'}).click();
    await page.getByRole('button', {name: 'Log in'}).waitFor();
  }},
};

const browser = await Browser.open({expected: [/\/me$/]});
for (const colorScheme of ['light', 'dark']) {
  const page = await browser.logIn(address, readFileSync(profile, 'utf8'), {colorScheme, viewport: {width: WIDTH, height: 1250}});
  for (const [name, {height, show}] of Object.entries(PAGES)) {
    await page.setViewportSize({width: WIDTH, height});
    await show(page);
    const png = toPalette(await page.screenshot());
    if (png.length > MOST_BYTES) throw new Error(`${name}-${colorScheme}.png would have ${png.length} bytes; at most ${MOST_BYTES} go into the repository`);
    writeFileSync(join(folder, `${name}-${colorScheme}.png`), png);
    console.log(`${name}-${colorScheme}.png: ${(png.length / 1000).toFixed(0)} kB`);
  }
}
browser.expectNoProblems();
await browser.end();

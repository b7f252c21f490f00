import assert from 'node:assert/strict';

export const expected = [/Cannot read properties of undefined/, /ERR_CONNECTION_(RESET|REFUSED)/];

export async function scenario(fleet, browser) {
  await fleet.startCoordinator();
  await aFaultOfThePage(fleet, browser);
  await aBrokenNetwork(fleet, browser);
  await aRecordingThatCannotBeRead(fleet, browser);
}

// The coordinator answers, and the page does not understand it: nobody is told that it does not answer.
async function aFaultOfThePage(fleet, browser) {
  const page = await browser.logIn(fleet.url, fleet.profile('reader'));
  await page.getByText('No sweep yet').waitFor();
  await page.route('**/api/v1/sweeps', (route) => route.fulfill({json: {}}));
  await page.reload();
  const said = page.getByRole('alert');
  await said.getByText('This page has a fault').waitFor();
  assert.doesNotMatch(await said.textContent(), /does not answer/);
  await page.context().close();
}

async function aBrokenNetwork(fleet, browser) {
  const page = await browser.logIn(fleet.url, fleet.profile('reader'));
  await page.goto(`${fleet.url}/listen`);
  await page.route('**/api/v1/listen', (route) => route.request().method() === 'POST' ? route.abort('connectionreset') : route.continue());
  await page.getByRole('button', {name: 'a chord'}).click();
  const heard = page.locator('#heard');
  await heard.getByText('a chord.wav: the coordinator cannot be reached').waitFor();
  assert.doesNotMatch(await heard.textContent(), /too large|at most/);
  // A list that fails is away, and comes back.
  await page.route('**/api/v1/listen', (route) => route.abort('connectionrefused'));
  await page.getByText('The coordinator does not answer').waitFor();
  await page.unroute('**/api/v1/listen');
  await page.getByText('The coordinator is back').waitFor();
  await page.context().close();
}

async function aRecordingThatCannotBeRead(fleet, browser) {
  const page = await browser.logIn(fleet.url, fleet.profile('reader'));
  await page.goto(`${fleet.url}/listen`);
  await page.evaluate(() => {
    OfflineAudioContext.prototype.decodeAudioData = () => Promise.reject(new DOMException('Unable to decode audio data', 'EncodingError'));
  });
  await page.getByRole('button', {name: /^Record/}).click();
  await page.getByRole('button', {name: /^Stop/}).click();
  await page.locator('#heard').getByText('What was recorded cannot be read by this browser').waitFor();
  await page.getByRole('button', {name: /^Record/}).waitFor();  // another try is possible
  await page.context().close();
}

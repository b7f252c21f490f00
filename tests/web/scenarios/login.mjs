import assert from 'node:assert/strict';

export const expected = [/status of 401/, /status of 403/];

export async function scenario(fleet, browser) {
  await fleet.startCoordinator();
  const page = await browser.newPage();
  await page.goto(`${fleet.url}/workers`);
  await page.waitForURL(/\/login\?to=%2Fworkers$/);

  await page.getByLabel('Token, or the whole profile').fill('wrong');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('not known here').waitFor();

  await page.getByLabel('Token, or the whole profile').fill(fleet.profile('worker'));
  await page.getByRole('button', {name: 'Log in'}).click();
  await page.getByRole('alert').getByText('role enrol may not').waitFor();

  await page.getByLabel('Token, or the whole profile').fill(fleet.profile('reader'));
  await page.getByRole('button', {name: 'Log in'}).click();
  await page.waitForURL(`${fleet.url}/workers`);
  await page.getByRole('heading', {name: 'Workers'}).waitFor();
  await page.getByText('No worker has come yet').waitFor();

  assert.equal(await page.evaluate(() => document.cookie), '', 'a script can read the login');
  const [cookie] = await page.context().cookies();
  assert.ok(cookie.httpOnly && cookie.sameSite === 'Strict');
  assert.ok(!cookie.value.includes(fleet.token('reader')), 'the cookie tells the token');

  await page.getByRole('button', {name: 'Log out'}).click();
  await page.waitForURL(`${fleet.url}/login`);
  await page.goto(`${fleet.url}/`);
  await page.waitForURL(/\/login/);
}

// Headless Chromium, and what is asserted of every page: no error on its console, nothing that its policy refused.
import {createRequire} from 'node:module';
import {mkdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';

const require = createRequire(join(process.env.TUTTI_WEB_MODULES, 'package.json'));
const {chromium} = require('playwright-core');
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const PICTURES = process.env.TUTTI_PICTURES;
const LIMIT_MS = 30000;

export class Browser {
  static async open({expected = []} = {}) {
    const browser = new Browser();
    browser.chromium = await chromium.launch({
      executablePath: process.env.TUTTI_CHROMIUM || '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream'],
    });
    browser.problems = [];
    // Who is not logged in yet is told so.
    browser.expected = [/\/login: .* 401 .*\/api\/v1\/me$/, ...expected];
    return browser;
  }

  async newPage(options = {}) {
    const context = await this.chromium.newContext({viewport: {width: 1200, height: 900}, ...options});
    const page = await context.newPage();
    page.setDefaultTimeout(LIMIT_MS);
    page.on('pageerror', (error) => this.problems.push(`${page.url()}: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error') this.problems.push(`${page.url()}: ${message.text()} ${message.location().url}`);
    });
    page.on('dialog', (dialog) => dialog.accept());
    return page;
  }

  // By the page, as a person does.
  async logIn(url, profile, options) {
    const page = await this.newPage(options);
    await page.goto(`${url}/login`);
    await page.getByLabel('Token, or the whole profile').fill(profile);
    await page.getByRole('button', {name: 'Log in'}).click();
    await page.waitForURL(`${url}/`);
    return page;
  }

  expectNoProblems() {
    const unexpected = this.problems.filter((text) => !this.expected.some((pattern) => pattern.test(text)));
    if (unexpected.length) throw new Error(`the pages' console said:\n${unexpected.join('\n')}`);
  }

  async end() { await this.chromium.close(); }
}

// A file from outside the browser is dragged over the place and dropped there.
export async function dropFile(page, selector, path) {
  const box = await page.locator(selector).boundingBox();
  const client = await page.context().newCDPSession(page);
  const at = {x: box.x + box.width / 2, y: box.y + box.height / 2, data: {items: [], files: [path], dragOperationsMask: 1}};
  for (const type of ['dragEnter', 'dragOver', 'drop']) await client.send('Input.dispatchDragEvent', {type, ...at});
  await client.detach();
}

export async function picture(page, name) {
  mkdirSync(PICTURES, {recursive: true});
  await page.screenshot({path: join(PICTURES, `${name}.png`), fullPage: true});
}

// Findings of axe-core that it calls serious or critical.
export async function seriousFindings(page) {
  // In a world of its own: the page's policy lets no foreign script into the page's.
  const client = await page.context().newCDPSession(page);
  const {frameTree} = await client.send('Page.getFrameTree');
  const {executionContextId} = await client.send('Page.createIsolatedWorld', {frameId: frameTree.frame.id, worldName: 'axe'});
  await client.send('Runtime.evaluate', {expression: `${AXE}; undefined`, contextId: executionContextId});
  const {result, exceptionDetails} = await client.send('Runtime.evaluate', {
    expression: `axe.run(document, {resultTypes: ['violations']}).then((found) => JSON.stringify(found.violations.filter((one) => ['serious', 'critical'].includes(one.impact))
        .map((one) => one.id + ': ' + one.nodes.map((node) => node.html + ' ' + (node.any[0]?.message || node.failureSummary)).join(' | '))))`,
    contextId: executionContextId, awaitPromise: true, returnByValue: true});
  if (exceptionDetails) throw new Error(`axe-core: ${exceptionDetails.text}`);
  return JSON.parse(result.value);
}

// Until it is true; the last thing it said is in the failure.
export async function eventually(what, check, limitMs = LIMIT_MS) {
  const end = Date.now() + limitMs;
  let last;
  while (Date.now() < end) {
    try {
      last = await check();
      if (last === true) return;
    } catch (error) {
      last = error;
    }
    await new Promise((wake) => setTimeout(wake, 100));
  }
  throw new Error(`${what}: not within ${limitMs} ms; last: ${last instanceof Error ? last.message : JSON.stringify(last)}`);
}

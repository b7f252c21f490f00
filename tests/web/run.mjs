// node run.mjs SCENARIO: one scenario on a fleet and a browser of its own; 0 when it holds.
import {Browser} from './browser.mjs';
import {Fleet} from './fleet.mjs';

for (const name of ['TUTTI_BIN', 'TUTTI_TOOLS', 'TUTTI_WEB_MODULES', 'TUTTI_PICTURES']) {
  if (!process.env[name]) throw new Error(`${name} is not set: ctest -L web sets it`);
}
const {scenario, expected} = await import(`./scenarios/${process.argv[2]}.mjs`);
const fleet = new Fleet();
const browser = await Browser.open({expected});
let failure = null;
try {
  await scenario(fleet, browser);
  browser.expectNoProblems();
} catch (error) {
  failure = error;
  console.error(error);
  if (browser.problems.length) console.error(`console:\n${browser.problems.join('\n')}`);
  if (fleet.coordinator) console.error(`coordinator:\n${fleet.coordinator.logged()}`);
} finally {
  await browser.end();
  await fleet.end();
}
if (!failure) console.log(`${process.argv[2]}: holds`);
process.exit(failure ? 1 : 0);

// The shell of every page: who I am, where I am, and a look at the coordinator every two seconds.
import {me, post, ApiError, NetworkError} from './api.js';
import {h, replace, say} from './parts.js';
import * as sweeps from './sweeps.js';
import * as sweep from './sweep.js';
import * as job from './job.js';
import * as workers from './workers.js';
import * as listen from './listen.js';
import * as login from './login.js';

const LOOK_EVERY_MS = 2000;
const LONGEST_PAUSE_MS = 15000;

const PAGES = [
  [/^\/$/, sweeps, 'Sweeps'],
  [/^\/sweeps\/([^/]+)$/, sweep, 'Sweep'],
  [/^\/jobs\/([0-9]+)$/, job, 'Job'],
  [/^\/workers$/, workers, 'Workers'],
  [/^\/listen$/, listen, 'Listen'],
  [/^\/login$/, login, 'Log in'],
];

const main = document.getElementById('main');
const away = document.getElementById('away');

function chooseTheme() {
  const root = document.documentElement;
  const isDark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = isDark ? 'light' : 'dark';
  localStorage.setItem('tutti-theme', root.dataset.theme);
  dispatchEvent(new Event('tutti-theme'));
}

function drawTop(person) {
  const link = (href, text) => h('a', {href, 'aria-current': location.pathname === href ? 'page' : null}, text);
  replace(document.getElementById('top'),
      h('a', {href: '/', class: 'brand', 'aria-label': 'Tutti, all sweeps'}, h('img', {src: '/static/icon.svg', alt: '', width: '28', height: '28'}), 'Tutti'),
      person ? h('nav', {'aria-label': 'Pages'}, link('/', 'Sweeps'), link('/workers', 'Workers'), link('/listen', 'Listen')) : null,
      h('div', {class: 'who'},
          person ? h('span', {class: 'chip', title: `version ${person.version}`}, person.role) : null,
          h('button', {type: 'button', class: 'plain', onclick: chooseTheme}, 'Light or dark'),
          person ? h('button', {type: 'button', class: 'plain', onclick: logOut}, 'Log out') : null));
}

async function logOut() {
  await post('logout').catch(() => {});
  location.assign('/login');
}

// What is wrong with the coordinator; null where nothing is. The page goes on by itself when it is back.
function showAway(what) {
  if (what === null && away.hidden) return;
  if (what === away.dataset.what && !away.hidden) return;
  away.hidden = what === null;
  away.dataset.what = what || '';
  replace(away, what === null ? null : `${what} What you see is what it said last; this page asks again by itself.`);
  if (what === null) say('The coordinator is back.');
}

const whatIsWrong = (error) => error instanceof NetworkError ? 'The coordinator does not answer.' : `The coordinator is in trouble: ${error.message}.`;
const passes = (error) => error instanceof NetworkError || (error instanceof ApiError && error.status >= 500);

async function look(page, context) {
  let failures = 0;
  while (true) {
    if (!document.hidden) {
      try {
        await page.look(context);
        failures = 0;
        showAway(null);
        main.dataset.looked = 'yes';
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) return goToLogin();
        if (!passes(error)) return error instanceof ApiError ? showError(error) : showFault(error);
        failures += 1;
        showAway(whatIsWrong(error));
      }
    }
    const pause = Math.min(LOOK_EVERY_MS * 2 ** Math.min(failures, 3), LONGEST_PAUSE_MS);
    await new Promise((wake) => {
      const timer = setTimeout(wake, pause);
      context.hurry = () => { clearTimeout(timer); wake(); };
    });
  }
}

function showError(error) {
  replace(main, h('h1', {}, error.status === 404 ? 'Not found' : 'Not possible'), h('p', {class: 'bad-text'}, error.message), h('p', {}, h('a', {href: '/'}, 'All sweeps')));
}

// Ours, not the coordinator's: said as such, and told to whoever reads the console.
function showFault(error) {
  console.error(error);
  away.hidden = false;
  replace(away, `This page has a fault and stands still: ${error.message}. Loading it anew may help.`);
}

function goToLogin() {
  const from = location.pathname === '/login' ? '/' : location.pathname;
  location.assign(`/login?to=${encodeURIComponent(from)}`);
}

async function start() {
  const [pattern, page, title] = PAGES.find(([one]) => one.test(location.pathname)) || PAGES[0];
  const name = decodeURIComponent(location.pathname.match(pattern)?.[1] || '');
  document.title = `${name || title} · Tutti`;
  let person = null;
  while (true) {
    try {
      person = await me();
      break;
    } catch (error) {
      if (error instanceof ApiError && error.status < 500) break;
      if (!passes(error)) return showFault(error);
      showAway(whatIsWrong(error));
      await new Promise((wake) => setTimeout(wake, LOOK_EVERY_MS));
    }
  }
  showAway(null);
  drawTop(person);
  if (!person && page !== login) return goToLogin();
  const context = {main, name, person, isAdmin: person?.role === 'admin', hurry: () => {}};
  replace(main);
  page.draw(context);
  if (page.look) look(page, context);
}

start();

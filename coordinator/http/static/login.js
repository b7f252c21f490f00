// A token in exchange for a cookie that no script can read.
import {post} from './api.js';
import {h, replace} from './parts.js';

// Only to a page of ours.
function destination() {
  const to = new URLSearchParams(location.search).get('to') || '/';
  return to.startsWith('/') && !to.startsWith('//') ? to : '/';
}

export function draw({main}) {
  const token = h('textarea', {id: 'token', name: 'token', rows: '4', autocomplete: 'off', spellcheck: 'false', required: true, 'aria-describedby': 'token-help'});
  const problem = h('p', {class: 'bad-text', role: 'alert', id: 'problem'});
  const submit = h('button', {type: 'submit', class: 'main'}, 'Log in');
  const form = h('form', {class: 'card narrow'},
      h('h1', {}, 'Log in'),
      h('label', {for: 'token'}, 'Token, or the whole profile'),
      token,
      h('p', {class: 'quiet', id: 'token-help'}, 'The content of ', h('code', {}, 'admin.json'), ' (may change things) or ', h('code', {}, 'reader.json'), ' (may look), from the coordinator’s state folder.'),
      problem, submit);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    submit.disabled = true;
    replace(problem);
    try {
      await post('login', {token: token.value});
      location.assign(destination());
    } catch (error) {
      replace(problem, error.message);
      token.focus();
    } finally {
      submit.disabled = false;
    }
  });
  replace(main, form);
  token.focus();
}

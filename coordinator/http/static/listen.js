// The demo: drop, record or choose a file; what the best run hears in it, slice by slice, and how sure it is.
import {get, postBytes, ApiError, NetworkError} from './api.js';
import {h, svg, empty, fixed, jobLink, replace, say, section, seconds, sweepLink, table} from './parts.js';
import {drawMel} from './mel.js';
import {Recorder} from './recorder.js';

const MOST_BYTES = 24 << 20;
const RECORD_SECONDS = 30;
const MOST_TRIES = 8;
const TOO_MANY = 429;
// Rendered by deploy/demo/examples.sh, which says how; each is of the genre of the demo music that it is named by.
const EXAMPLES = {blues: 'example-blues.ogg', jazz: 'example-jazz.ogg', reggae: 'example-reggae.ogg'};
const at = {};
let busy = false;

export function draw({main}) {
  at.model = h('div', {});
  at.result = h('div', {id: 'heard', 'aria-live': 'polite'});
  at.player = h('div', {});
  const file = h('input', {type: 'file', id: 'file', accept: 'audio/*,.wav,.flac,.ogg,.opus,.mp3,.aiff'});
  file.addEventListener('change', () => file.files[0] && listenTo(file.files[0]));
  const zone = h('div', {class: 'drop'}, h('label', {for: 'file'}, 'A file of music'), file, h('p', {class: 'quiet'}, `or drop one here: WAV, FLAC, OGG, Opus or MP3, at most ${MOST_BYTES >> 20} MB. It is not kept.`));
  for (const [event, inside] of [['dragenter', true], ['dragover', true], ['dragleave', false], ['drop', false]]) {
    zone.addEventListener(event, (what) => { what.preventDefault(); zone.classList.toggle('over', inside); });
  }
  zone.addEventListener('drop', (event) => event.dataTransfer.files[0] && listenTo(event.dataTransfer.files[0]));
  replace(main, h('h1', {}, 'Listen'), at.model, h('section', {class: 'card', 'aria-label': 'What to listen to'}, zone, recordButton(), examples(), at.player), section('What it hears', at.result));
  replace(at.result, empty('Nothing yet.'));
}

export async function look() {
  const {workers, model} = await get('listen');
  const key = JSON.stringify([workers, model]);
  if (at.model.dataset.key === key) return;
  at.model.dataset.key = key;
  replace(at.model,
      model ? h('p', {class: 'facts'}, h('span', {}, `${model.model}, slices of ${model.slice_seconds} s`), h('span', {}, jobLink(model.job), ' of sweep ', sweepLink(model.sweep)), h('span', {}, `F1 ${fixed(model.f1_macro)}`), h('span', {}, `knows ${model.classes.join(', ')}`))
            : h('p', {class: 'quiet'}, 'No run is done yet whose weights were kept.'),
      workers ? null : h('p', {class: 'bad-text', id: 'nobody'}, 'No worker serves at the moment: start one with ', h('code', {}, 'tutti-worker --serve'), ', or run ', h('code', {}, 'tutti predict FILE'), ' on your machine.'));
}

function recordButton() {
  const recorder = new Recorder(RECORD_SECONDS, (bytes) => listenTo(new File([bytes], 'recording.wav', {type: 'audio/wav'})),
      () => replace(at.result, h('p', {class: 'bad-text'}, 'What was recorded cannot be read by this browser: nothing was sent. Record again, or choose a file.')));
  const element = h('button', {type: 'button'}, `Record ${RECORD_SECONDS} s`);
  element.addEventListener('click', async () => {
    try {
      if (recorder.isRunning) return recorder.stop();
      await recorder.start((left) => { element.textContent = `Stop (${left} s left)`; }, () => { element.textContent = `Record ${RECORD_SECONDS} s`; });
    } catch (error) {
      say(`Recording is not possible: ${error.message}`, 'bad');
    }
  });
  return h('p', {class: 'actions'}, element);
}

// So that the demo can be tried without a file: music, and, made here, what no model should be sure of.
function examples() {
  const music = ([name, file]) => h('button', {type: 'button', onclick: () => fetchExample(file).catch((error) => say(error.message, 'bad'))}, name);
  const make = (name, sample) => h('button', {type: 'button', onclick: () => listenTo(new File([wav(8, sample)], `${name}.wav`, {type: 'audio/wav'}))}, name);
  return h('p', {class: 'actions'}, h('span', {class: 'quiet'}, 'Or try:'), Object.entries(EXAMPLES).map(music),
      make('a chord', (t) => [220, 277.2, 329.6].reduce((sum, f) => sum + 0.25 * Math.sin(2 * Math.PI * f * t), 0) * Math.exp(-((t % 2) * 1.5))),
      make('silence', () => 0), make('noise', () => 0.4 * (2 * Math.random() - 1)));
}

async function fetchExample(file) {
  const reply = await fetch(`/static/${file}`).catch(() => { throw new NetworkError(); });
  if (!reply.ok) throw new Error(`${file} is not there: ${reply.status}`);
  return listenTo(new File([await reply.blob()], file, {type: 'audio/ogg'}));
}

export function wav(length, sample, rate = 22050) {
  const count = Math.round(length * rate);
  const bytes = new DataView(new ArrayBuffer(44 + 2 * count));
  const text = (offset, word) => [...word].forEach((letter, i) => bytes.setUint8(offset + i, letter.charCodeAt(0)));
  text(0, 'RIFF'); bytes.setUint32(4, 36 + 2 * count, true); text(8, 'WAVEfmt '); bytes.setUint32(16, 16, true);
  bytes.setUint16(20, 1, true); bytes.setUint16(22, 1, true); bytes.setUint32(24, rate, true); bytes.setUint32(28, 2 * rate, true);
  bytes.setUint16(32, 2, true); bytes.setUint16(34, 16, true); text(36, 'data'); bytes.setUint32(40, 2 * count, true);
  for (let i = 0; i < count; ++i) bytes.setInt16(44 + 2 * i, Math.round(32767 * Math.max(-1, Math.min(1, sample(i / rate)))), true);
  return bytes.buffer;
}

async function listenTo(file) {
  if (busy) return say('One after the other: it is still listening.', 'bad');
  if (file.size > MOST_BYTES) return replace(at.result, h('p', {class: 'bad-text'}, `${file.name} has ${(file.size / 1e6).toFixed(0)} MB; at most ${MOST_BYTES >> 20} are taken. Cut a piece out of it: 30 s are heard.`));
  busy = true;
  replace(at.result, h('p', {class: 'quiet'}, `Listening to ${file.name} …`));
  if (at.player.firstChild) URL.revokeObjectURL(at.player.firstChild.src);
  replace(at.player, h('audio', {controls: true, src: URL.createObjectURL(file), 'aria-label': file.name}));
  try {
    const begun = performance.now();
    const heard = await hear(file);
    show(file.name, heard, performance.now() - begun);
  } catch (error) {
    replace(at.result, h('p', {class: 'bad-text'}, `${file.name}: ${error.message}`));
  } finally {
    busy = false;
  }
}

// A few files are heard at a time; whoever comes then is told when to come again, and does.
async function hear(file) {
  for (let tries = 1; ; ++tries) {
    try {
      return await postBytes('listen', file);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== TOO_MANY || tries === MOST_TRIES) throw error;
      replace(at.result, h('p', {class: 'quiet'}, `Others are being listened to; ${file.name} is next. Trying again …`));
      await new Promise((wake) => setTimeout(wake, 1000 * (error.againSeconds || 2)));
    }
  }
}

function show(name, heard, took) {
  const [best] = heard.classes;
  const canvas = h('canvas', {class: 'mel', role: 'img', 'aria-label': `Mel picture of ${name}: time from left to right, low notes below`});
  replace(at.result,
      h('p', {class: 'verdict', id: 'verdict'}, heard.sure ? [h('strong', {}, heard.predicted), ` – ${name}`] : [h('strong', {}, 'Not sure'), `: ${heard.why}. Nearest: ${heard.predicted}.`]),
      table('Classes', [{title: 'Class'}, {title: 'Probability', number: true}, {title: 'Votes of slices', number: true}],
          heard.classes.map((row) => [row.class, h('span', {}, h('meter', {min: '0', max: '1', value: String(row.probability), 'aria-label': `Probability of ${row.class}`}), ` ${(100 * row.probability).toFixed(1)} %`), `${row.votes} of ${heard.slices.length}`]), {hideCaption: true}),
      h('h3', {}, 'Mel picture'), canvas, h('h3', {}, 'Slice by slice'), overTime(heard),
      h('p', {class: 'quiet', id: 'timing'}, `${seconds(took / 1000)} in all: ${Object.entries(heard.timings_seconds).filter(([part]) => /_total$|^total$/.test(part)).map(([part, value]) => `${part.replaceAll('_', ' ')} ${seconds(value)}`).join(', ')}; by worker ${heard.worker} and `, jobLink(heard.model.job), '.'));
  drawMel(canvas, heard.mel);
}

// Columns of stacked probabilities, one a slice.
function overTime({classes, slices, model}) {
  if (!slices.length) return empty('No slice.');
  const order = model.classes;
  const shown = classes.slice(0, 4).map((row) => row.class);
  const width = 1000 / slices.length;
  const bars = slices.flatMap((slice, i) => {
    let y = 100;
    return shown.map((name, c) => {
      const share = slice.probabilities[order.indexOf(name)] * 100;
      y -= share;
      return svg('rect', {x: (i * width).toFixed(2), y: y.toFixed(2), width: Math.max(width - 0.5, 0.5).toFixed(2), height: share.toFixed(2), class: `fill-${c + 1}`}, svg('title', {}, `${slice.at_seconds.toFixed(1)} s: ${name} ${share.toFixed(0)} %`));
    });
  });
  return h('div', {}, svg('svg', {viewBox: '0 0 1000 100', preserveAspectRatio: 'none', class: 'over-time', role: 'img', 'aria-label': `Probabilities of ${shown.join(', ')} in ${slices.length} slices`}, bars),
      h('ul', {class: 'legend'}, shown.map((name, c) => h('li', {}, h('i', {class: `dot line-${c + 1}`, 'aria-hidden': 'true'}), name))));
}

// Real daemons for one scenario: everything lies in a temporary folder and ends with it.
import {execFile, spawn} from 'node:child_process';
import {mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {promisify} from 'node:util';

const run = promisify(execFile);
const BIN = process.env.TUTTI_BIN;
const TOOLS = process.env.TUTTI_TOOLS;
const READY_LIMIT_MS = 60000;

// The processes that this one started and that run.
export function childrenOf(pid) {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((child) => {
    try {
      return Number(readFileSync(`/proc/${child}/stat`, 'utf8').split(') ')[1].split(' ')[1]) === pid;
    } catch {
      return false;  // it has ended meanwhile
    }
  });
}

const TICK_MS = 10;

// Processor time of these processes so far, in ms.
export function busyMs(...pids) {
  return pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return sum + TICK_MS * (Number(fields[11]) + Number(fields[12]));
  }, 0);
}

export class Fleet {
  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'tutti-web-'));
    this.children = [];
  }

  path(name) { return join(this.folder, name); }

  // Its ready line; a failure with what it logged where none comes.
  async start(name, args) {
    const child = spawn(join(BIN, name), args, {stdio: ['ignore', 'pipe', 'pipe']});
    this.children.push(child);
    let log = '';
    child.stderr.on('data', (bytes) => { log = (log + bytes).slice(-20000); });
    child.logged = () => log;
    const ready = await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${name} was not ready in time:\n${log}`)), READY_LIMIT_MS);
      createInterface({input: child.stdout}).once('line', (line) => { clearTimeout(timer); resolve(JSON.parse(line)); });
      child.once('exit', (code) => { clearTimeout(timer); reject(new Error(`${name} ended with ${code}:\n${log}`)); });
    });
    return {child, ready};
  }

  async startCoordinator(more = []) {
    const {child, ready} = await this.start('tutti-coordinator',
        ['--state', this.path('state'), '--listen', '127.0.0.1:0', '--http', '127.0.0.1:0', '--lease', '5s', '--heartbeat', '500ms', '--log-level', 'warn', ...more]);
    this.coordinator = child;
    this.url = ready.http;
    return ready;
  }

  // SIGKILL, and until it is gone.
  async killCoordinator() {
    const gone = new Promise((resolve) => this.coordinator.once('exit', resolve));
    this.coordinator.kill('SIGKILL');
    await gone;
  }

  startWorker(name, more = [], slots = 1) {
    return this.start('tutti-worker', ['--profile', this.path('state/worker.json'), '--dir', this.path(name), '--name', name, '--slots', String(slots), '--log-level', 'warn', ...more]);
  }

  profile(role) { return readFileSync(this.path(`state/${role}.json`), 'utf8'); }
  token(role) { return JSON.parse(this.profile(role)).token; }

  async tutti(...args) {
    const {stdout} = await run(join(BIN, 'tutti'), [...args, '--profile', this.path('state/admin.json')], {maxBuffer: 1 << 24});
    return stdout;
  }

  // Tracks of so many seconds, two where it is not said.
  async addTinyMusic(...seconds) {
    await run(join(TOOLS, 'tiny-music'), [this.path('music'), ...seconds.map(String)]);
    await this.tutti('dataset', 'add', 'tiny', this.path('music'));
  }

  async submit(text, name = 'sweep.yaml') {
    writeFileSync(this.path(name), text);
    return this.tutti('submit', this.path(name));
  }

  async end() {
    for (const child of this.children) child.kill('SIGKILL');
    await Promise.all(this.children.map((child) => child.exitCode !== null || child.signalCode !== null ? null : new Promise((resolve) => child.once('exit', resolve))));
    rmSync(this.folder, {recursive: true, force: true});
  }
}

export const TINY_SWEEP = `name: tiny
dataset: tiny
grid: {model: [crnn1d, rnn], slice_seconds: [1], seed: [333, 123]}
training: {epochs: 4, patience: 4, batch_size: 4}
features: {clip_seconds: 2}
split: {kind: stratified, test: 0.25, validation: 0.25}
`;

// A sweep without music, of as many runs as wanted; each ends when the file \`go\` is there, or fails.
export const commandSweep = ({name, runs, script}) => `name: ${name}
runner:
  command: [python3, -c, ${JSON.stringify(script)}, "\${number}"]
grid: {number: [${Array.from({length: runs}, (_, i) => i).join(', ')}]}
max_attempts: 1
`;

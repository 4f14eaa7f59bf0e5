// processes.js: programs that the suite starts, and ends again.
import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, readdirSync, readFileSync, watch } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const START_LIMIT_MS = 60_000;
const STOP_ROUNDS = 100;
const STOP_ROUND_MS = 100;

/** A program with its output in a file. */
export class Program {
  constructor(command, args, { log, env = {} }) {
    this.name = basename(command);
    this.output = '';
    this.child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    const file = createWriteStream(log);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => {
        this.output += text;
        file.write(text);
      });
    }
    this.ended = new Promise((resolve) => {
      this.child.on('close', (code) => resolve(code));
      this.child.on('error', (error) => {
        this.output += error.message;
        resolve(error.code);
      });
    });
  }

  /** Until its output has the words. */
  async said(words) {
    await this.#before(`"${words}"`, (done) => {
      const look = () => this.output.includes(words) && done();
      for (const stream of [this.child.stdout, this.child.stderr]) stream.on('data', look);
      look();
    });
  }

  /** Until the file is there and not empty; its text. */
  async wrote(path) {
    const read = () => (existsSync(path) ? readFileSync(path, 'utf8').trim() : '');
    let watcher;
    await this.#before(path, (done) => {
      const look = () => read() !== '' && done();
      watcher = watch(dirname(path), look);
      look();
    });
    watcher.close();
    return read();
  }

  async stop(signal = 'SIGTERM') {
    this.child.kill(signal);
    await this.ended;
  }

  async #before(what, start) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`${this.name}: no ${what} in time`)), START_LIMIT_MS);
    });
    const gone = this.ended.then((code) => {
      throw new Error(`${this.name} ended with ${code}:\n${this.output.slice(-2000)}`);
    });
    try {
      await Promise.race([new Promise(start), late, gone]);
    } finally {
      clearTimeout(timer);
      gone.catch(() => {});
    }
  }
}

/** The server on a free port of loopback. */
export async function startServer(bin, folder, flags = []) {
  const data = join(folder, 'data');
  const program = new Program(join(bin, 'dogshored'),
    ['--data-dir', data, '--listen', '127.0.0.1:0', ...flags], { log: join(folder, 'server.log') });
  await program.said("event=serving");
  return {
    program,
    url: `http://${await program.wrote(join(data, 'listen'))}`,
    adminToken: readFileSync(join(data, 'admin.token'), 'utf8').trim(),
    joinTokenFile: join(data, 'join.token'),
  };
}

export function startAgent(bin, folder, server, name) {
  return new Program(join(bin, 'dogshore-agent'), ['--server', server.url, '--name', name,
    '--join-token-file', server.joinTokenFile, '--port-range', '11000-11099',
    '--address', '127.0.0.1', '--state-dir', join(folder, name)],
  { log: join(folder, `${name}.log`), env: { PATH: `${bin}:${process.env.PATH}` } });
}

/** Replicas outlive their node, as they must: after a failure they are ended here, by their shims. */
export async function stopShims(folder) {
  for (const signal of ['SIGTERM', 'SIGUSR1']) {
    for (const pid of shims(folder)) process.kill(pid, signal);
    for (let round = 0; round < STOP_ROUNDS && shims(folder).length > 0; round += 1) await wait(STOP_ROUND_MS);
  }
}

function shims(folder) {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    const [program, place] = commandOf(pid);
    return basename(program) === 'dogshore-shim' && place?.startsWith(`${folder}/`);
  });
}

function commandOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return ['']; // it has ended meanwhile
  }
}

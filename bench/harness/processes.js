import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('./child.js', import.meta.url));
const PROFILES = fileURLToPath(new URL('../../.tmp/bench-profiles', import.meta.url));

/** Milliseconds that one contender may take in one round, once to warm up and once to be measured. */
const LIMIT = 180_000;

/** Messages of either end of a connection, by type: those that came before anybody asked are kept. */
export class Channel {
  #kept = new Map();
  #waiting = new Map();
  #listeners = new Map();
  #failure;

  constructor(port) {
    this.port = port;
    port.on('message', ({ type, data }) => this.#take(type, data));
  }

  send(type, data) {
    if (this.port.connected) this.port.send({ type, data });
  }

  /** The next message of that type. */
  receive(type) {
    const kept = this.#kept.get(type);
    if (kept?.length > 0) return Promise.resolve(kept.shift());
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.set(type, [...(this.#waiting.get(type) ?? []), { resolve, reject }]);
    });
  }

  /** Every message of that type, as it comes. */
  on(type, listener) {
    this.#listeners.set(type, listener);
    for (const data of this.#kept.get(type)?.splice(0) ?? []) listener(data);
  }

  fail(error) {
    this.#failure ??= error;
    for (const waiting of this.#waiting.values()) for (const { reject } of waiting) reject(error);
    this.#waiting.clear();
  }

  #take(type, data) {
    const listener = this.#listeners.get(type);
    if (listener) return listener(data);
    const waiting = this.#waiting.get(type);
    if (waiting?.length > 0) return waiting.shift().resolve(data);
    this.#kept.set(type, [...(this.#kept.get(type) ?? []), data]);
  }
}

/**
 * A fresh process that does one thing: prepare a database, be a contender for one round, or play a role for a
 * contender. Its `result` is what that came to.
 */
export class Child extends Channel {
  constructor(job) {
    const flags = job.profile
      ? ['--cpu-prof', `--cpu-prof-dir=${PROFILES}`, `--cpu-prof-name=${job.name}.${Date.now()}.cpuprofile`]
      : [];
    const child = fork(CHILD, [], {
      execArgv: ['--enable-source-maps', ...flags],
      serialization: 'advanced',
    });
    super(child);
    this.name = job.name;
    this.exited = new Promise((resolve) => child.once('exit', resolve));
    child.once('exit', (code, signal) =>
      this.fail(new Error(`${job.name}: the process ended with ${signal ?? code}.`)),
    );
    child.on('error', (error) => this.fail(error));
    this.on('failed', (text) => this.fail(new Error(`${job.name}: ${text}`)));
    this.send('job', job);
  }

  /** Waits for what it comes to. */
  async result() {
    const result = await this.next('result');
    await this.exited;
    return result;
  }

  /** The next message of that type; a process from which it does not come in time is ended. */
  async next(type) {
    const failure = new Error(`${this.name}: no ${type} within ${LIMIT / 1000} s.`);
    const timer = setTimeout(() => this.fail(failure), LIMIT);
    try {
      return await this.receive(type);
    } catch (error) {
      this.kill();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Tells a role that it is over and waits for its end. */
  async end() {
    this.send('end');
    return this.result();
  }

  kill() {
    this.port.kill('SIGKILL');
  }
}

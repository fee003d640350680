import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('./child.mjs', import.meta.url));
/** A compile of the largest WIT takes some seconds. */
const JOB_MS_MAX = 120_000;

/**
 * Does jobs in a process of its own, one after the other. A panic of jco's leaves its WebAssembly instance broken, and a bug may
 * never end: either costs the one job, and the next gets a new process.
 */
export class Worker {
  #process;

  /**
   * @param {{ kind: string }} job - see `child.mjs`.
   * @returns {Promise<object>} its answer; `{ code, message, broken }` where it failed.
   */
  async ask(job) {
    this.#process ??= fork(CHILD, [], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const answer = await this.#answer(this.#process, job);
    if (answer.broken) this.end();
    return answer;
  }

  #answer(worker, job) {
    return new Promise((resolve) => {
      const settle = (answer) => {
        clearTimeout(timer);
        worker.removeAllListeners();
        resolve(answer);
      };
      const timer = setTimeout(
        () => settle({ code: 'timeout', message: `no answer in ${JOB_MS_MAX} ms`, broken: true }),
        JOB_MS_MAX,
      );
      worker.once('message', settle);
      worker.once('exit', (code) => settle({ code: 'ended', message: `the process ended with ${code}`, broken: true }));
      worker.send(job);
    });
  }

  end() {
    this.#process?.removeAllListeners();
    this.#process?.kill('SIGKILL');
    this.#process = undefined;
  }
}

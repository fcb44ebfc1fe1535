import fc from 'fast-check';
import { Deadline } from '../../lib/runtime/deadline.js';
import type { Service } from '../../lib/runtime/service.js';

type Step = 'start' | 'stop' | 'turn';

/**
 * Starts and stops services in any order and at any moment. Each call has to be answered, a start that comes after a stop
 * with an error; and each service has to be stopped in the end. `make` gives one service for each run.
 */
export async function stressService(make: () => Service, runs = 100): Promise<void> {
  const steps = fc.array(fc.constantFrom<Step>('start', 'stop', 'turn'), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      const service = make();
      const answers: Promise<boolean>[] = [];
      let isStopped = false;
      for (const step of sequence) {
        if (step === 'turn') await new Promise((resolve) => setImmediate(resolve));
        else if (step === 'stop') answers.push(answerOf(service.stop(new Deadline(5000))));
        else answers.push(answerOf(service.start()).then((started) => started || !isStopped));
        if (step === 'start' && isStopped) expect(await answers.at(-1)).toBe(false);
        isStopped ||= step === 'stop';
      }
      await Promise.all(answers);
      await answerOf(service.stop(new Deadline(5000)));
      expect(service.status.state).toBe('stopped');
    }),
    { numRuns: runs },
  );
}

function answerOf(promise: Promise<void>): Promise<boolean> {
  return promise.then(
    () => true,
    () => false,
  );
}

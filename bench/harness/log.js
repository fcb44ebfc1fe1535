import { DataSource } from 'typeorm';
import { connection, handlerOf, startApplication } from './application.js';
import { countOf, isEmpty } from './tables.js';

/** Events that are appended by one call. */
const BATCH = 1000;

/**
 * Records events of group `bench` and closes: to be handled, later, by the handler named `bench`.
 *
 * @param inputOf more of the nth input, such as its `orderKey`
 */
export async function recordEvents({ address, count, handlerOptions = {}, inputOf = () => ({}) }) {
  const handler = handlerOf(/^bench/, handlerOptions, () => undefined);
  const application = await startApplication({
    address,
    providers: [handler],
    options: { dispatch: 'none', rescan: false },
  });
  for (let from = 0; from < count; from += BATCH) {
    const inputs = Array.from({ length: Math.min(BATCH, count - from) }, (_, index) =>
      eventInput(from + index, inputOf),
    );
    await application.log.append(inputs);
  }
  await application.close();
}

function eventInput(number, inputOf) {
  return { group: 'bench', key: `bench_${number}`, data: { number }, ...inputOf(number) };
}

/** A connection beside the application, that the product knows nothing of. */
export async function withConnection(address, work) {
  const dataSource = await new DataSource(connection(address, 1)).initialize();
  try {
    return await work(dataSource);
  } finally {
    await dataSource.destroy();
  }
}

/** Whether no delivery of the handler is open; by the primary key, however many others have. */
export async function isHandled(dataSource, handler = 'bench') {
  const [{ id }] = await dataSource.query(`SELECT id FROM once_handler WHERE name = '${handler}'`);
  return isEmpty(dataSource, `once_delivery WHERE handler_id = ${id} ORDER BY position`);
}

/** Throws unless so many deliveries have succeeded: a figure of what was lost on the way would say nothing. */
export async function assertSucceeded(dataSource, expected) {
  const handler = "handler_id = (SELECT id FROM once_handler WHERE name = 'bench')";
  const succeeded = await countOf(dataSource, `once_delivery_finished WHERE state = 3 AND ${handler}`);
  if (succeeded !== expected)
    throw new Error(`Expected ${expected} deliveries to have succeeded, got ${succeeded}.`);
}

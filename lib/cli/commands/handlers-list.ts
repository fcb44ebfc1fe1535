import { command } from '../command.js';
import { table } from '../table.js';
import { stateOf } from './status.js';

export const handlersList = command({
  name: 'handlers list',
  summary: 'Lists the handlers of all processes, also of such as run no more.',
  examples: ['handlers list', 'handlers list --json'],
  async run({ tools: { deliveries }, out }) {
    const handlers = await deliveries.handlers();
    await out.document(handlers, () =>
      table(
        ['handler', 'state', 'ordered', 'since', 'last heard of'],
        handlers.map((one) => [
          one.name,
          stateOf(one),
          one.ordered ? 'yes' : 'no',
          one.retiredAt ?? one.pausedAt,
          one.lastHeartbeatAt,
        ]),
      ),
    );
  },
});

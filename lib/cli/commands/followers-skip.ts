import { command } from '../command.js';
import { position } from '../values.js';

export const followersSkip = command({
  name: 'followers skip',
  summary: 'Has a follower leave out one event: one that fails, one that is parked, or one to come.',
  args: [
    ['<follower>', 'the name of the follower'],
    ['<position>', 'the position of the event'],
  ],
  examples: ['followers skip TrickCounter 4711'],
  async run({ args: [name, at], tools: { followers }, out }) {
    const place = position(at as string);
    await followers.skip(name as string, place);
    await out.document({ follower: name, skipped: place }, () => [
      `${name as string} leaves out position ${place}.`,
    ]);
  },
});

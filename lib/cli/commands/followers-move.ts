import { command } from '../command.js';
import { position } from '../values.js';

export const followersMove = command({
  name: 'followers move',
  summary: 'Has a follower go on behind a position: what lies between is left out, or handled again.',
  args: [
    ['<follower>', 'the name of the follower'],
    ['<position>', 'the position behind which it goes on'],
  ],
  examples: ['followers move TrickCounter 4711'],
  destroys: ([name, at]) =>
    `This has ${name as string} go on behind position ${at as string}: it leaves events out, or handles them again.`,
  async run({ args: [name, at], tools: { followers }, out }) {
    const place = position(at as string);
    await followers.moveTo(name as string, place);
    await out.document({ follower: name, position: place }, () => [
      `${name as string} goes on behind position ${place}.`,
    ]);
  },
});

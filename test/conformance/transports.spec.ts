import { memory } from 'nestjs-once/memory';
import { transportConformance } from 'nestjs-once/testing';

describe('the transport port: memory', () => {
  const suite = transportConformance(async () => {
    const broker = memory();
    return {
      open: () => broker.open(),
      createTopic: async (name, partitions) => broker.createTopic(name, partitions),
      tooLarge: 1_000_001,
      outage: { begin: async () => broker.goAway(), end: async () => broker.comeBack() },
    };
  });
  for (const { name, run } of suite.checks) it(name, run);

  afterAll(() => suite.close());
});

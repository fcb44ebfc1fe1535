import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { behind, type Bench, type Check, type Inbox, message } from './transport-bench.js';

export const SENDING: Record<string, Check> = {
  'a message arrives with its key, value, headers and time': async (bench) => {
    const topic = await bench.topic();
    await bench.send([message(topic, 'ä', 'k')]);
    const { inbox } = await bench.subscribe({ topics: [topic] });
    await inbox.until(() => inbox.messages.length === 1);
    const [got] = inbox.messages;
    strictEqual(Buffer.from(got!.value!).toString(), 'ä');
    strictEqual(Buffer.from(got!.key!).toString(), 'k');
    strictEqual(got!.headers['message-id'], 'ä');
    strictEqual(got!.timestamp!.toISOString(), '2026-01-02T03:04:05.678Z');
    deepStrictEqual([got!.topic, got!.partition, got!.offset], [topic, 0, 0]);
  },
  'messages of one key are of one partition, in the order in which they were sent': async (bench) => {
    const topic = await bench.topic(4);
    const sent = Array.from({ length: 60 }, (_, index) => message(topic, `${index}`, `key ${index % 7}`));
    await bench.send(sent.slice(0, 30));
    await bench.send(sent.slice(30));
    const { inbox } = await bench.subscribe({ topics: [topic] });
    await inbox.until(() => inbox.messages.length === 60);
    for (let key = 0; key < 7; key++) {
      const own = inbox.messages.filter((one) => Buffer.from(one.key!).toString() === `key ${key}`);
      strictEqual(new Set(own.map(({ partition }) => partition)).size, 1);
      const numbers = own.map(({ value }) => Number(Buffer.from(value!).toString()));
      deepStrictEqual(
        numbers,
        [...numbers].sort((a, b) => a - b),
      );
    }
    ok(new Set(inbox.messages.map(({ partition }) => partition)).size > 1);
  },
  'a message that is too large is refused, and none of its partition behind it is taken': async (
    bench,
    { tooLarge },
  ) => {
    const topic = await bench.topic();
    const transport = bench.open();
    await transport.connect();
    const large = { ...message(topic, 'large'), value: Buffer.alloc(tooLarge) };
    const outcomes = await transport.send([message(topic, 'before'), large, message(topic, 'behind')]);
    strictEqual(outcomes[1]!.kind, 'refused');
    ok(outcomes[2]!.kind === 'untaken');
    await bench.send([message(topic, 'last')]);
    const { inbox } = await bench.subscribe({ topics: [topic] });
    await inbox.until(() => inbox.texts.includes('last'));
    deepStrictEqual(inbox.texts, outcomes[0]!.kind === 'taken' ? ['before', 'last'] : ['last']);
  },
};

export const POSITIONS: Record<string, Check> = {
  'a group that has committed nothing begins at the earliest message, or behind the last': async (bench) => {
    const topic = await bench.topic();
    await bench.send([message(topic, 'old')]);
    const latest = await bench.subscribe({ topics: [topic], position: 'latest' });
    const earliest = await bench.subscribe({ topics: [topic] });
    await latest.inbox.until(() => latest.inbox.assignments.length === 1);
    await earliest.inbox.until(() => earliest.inbox.messages.length === 1);
    await bench.send([message(topic, 'new')]);
    await latest.inbox.until(() => latest.inbox.messages.length === 1);
    await earliest.inbox.until(() => earliest.inbox.messages.length === 2);
    deepStrictEqual([latest.inbox.texts, earliest.inbox.texts], [['new'], ['old', 'new']]);
  },
  'a group that has committed nothing begins at a time': async (bench) => {
    const topic = await bench.topic();
    const at = (text: string, time: string) => ({ ...message(topic, text), timestamp: new Date(time) });
    await bench.send([at('before', '2026-01-01T00:00:00Z'), at('after', '2026-01-03T00:00:00Z')]);
    const { inbox } = await bench.subscribe({ topics: [topic], position: new Date('2026-01-02T00:00:00Z') });
    await inbox.until(() => inbox.messages.length === 1);
    deepStrictEqual(inbox.texts, ['after']);
  },
  'without a group all of a topic is received, each time': async (bench) => {
    const topic = await bench.topic(2);
    await bench.send(['a', 'b', 'c'].map((text) => message(topic, text, text)));
    for (let time = 0; time < 2; time++) {
      const { inbox, subscription } = await bench.subscribe({ topics: [topic], group: null });
      await inbox.until(() => inbox.messages.length === 3);
      await subscription.commit(inbox.batches.map(behind));
      await subscription.close();
    }
  },
  'whoever was there before goes on from there, where nothing is committed': async (bench) => {
    const topic = await bench.topic();
    await bench.send(['a', 'b', 'c'].map((text) => message(topic, text)));
    const places = [{ topic, partition: 0, next: 2 }];
    for (const group of [null, randomUUID()]) {
      const { inbox } = await bench.subscribe({ topics: [topic], group, position: 'latest', places });
      await inbox.until(() => inbox.messages.length === 1);
      deepStrictEqual(inbox.texts, ['c']);
    }
    const group = randomUUID();
    const first = await bench.subscribe({ topics: [topic], group });
    await first.inbox.until(() => first.inbox.messages.length === 3);
    await first.subscription.commit([{ topic, partition: 0, next: 1 }]);
    await first.subscription.close();
    const { inbox } = await bench.subscribe({ topics: [topic], group, places });
    await inbox.until(() => inbox.messages.length === 2);
    deepStrictEqual(inbox.texts, ['b', 'c']);
  },
  'an assignment says where the partition begins for the group, and where it ends': async (bench) => {
    const topic = await bench.topic();
    await bench.send([message(topic, 'a'), message(topic, 'b')]);
    const group = randomUUID();
    const first = await bench.subscribe({ topics: [topic], group });
    await first.inbox.until(() => first.inbox.messages.length === 2);
    deepStrictEqual(first.inbox.assignments, [{ topic, partition: 0, next: 0, end: 2 }]);
    await first.subscription.commit([{ topic, partition: 0, next: 1 }]);
    await first.subscription.close();
    const { inbox } = await bench.subscribe({ topics: [topic], group });
    await inbox.until(() => inbox.messages.length === 1);
    deepStrictEqual(inbox.assignments, [{ topic, partition: 0, next: 1, committed: 1, end: 2 }]);
  },
};

export const COMMITS: Record<string, Check> = {
  'what was not committed comes again, and what was does not': async (bench) => {
    const [topic, group] = [await bench.topic(), randomUUID()];
    await bench.send(['a', 'b', 'c'].map((text) => message(topic, text)));
    const first = await bench.subscribe({ topics: [topic], group });
    await first.inbox.until(() => first.inbox.messages.length === 3);
    await first.subscription.commit([{ topic, partition: 0, next: 2 }]);
    await first.subscription.close();
    const { inbox } = await bench.subscribe({ topics: [topic], group });
    await inbox.until(() => inbox.messages.length === 1);
    deepStrictEqual(inbox.texts, ['c']);
  },
  'an offset never goes back': async (bench) => {
    const [topic, group] = [await bench.topic(), randomUUID()];
    await bench.send(['a', 'b', 'c'].map((text) => message(topic, text)));
    const first = await bench.subscribe({ topics: [topic], group });
    await first.inbox.until(() => first.inbox.messages.length === 3);
    await first.subscription.commit([{ topic, partition: 0, next: 2 }]);
    await first.subscription.commit([{ topic, partition: 0, next: 1 }]);
    await first.subscription.close();
    const { inbox } = await bench.subscribe({ topics: [topic], group });
    await inbox.until(() => inbox.messages.length > 0);
    deepStrictEqual(inbox.texts, ['c']);
  },
  'a batch comes when the one before it in its partition was received, and partitions do not wait for each other':
    async (bench) => {
      const topic = await bench.topic(2);
      const open: (() => void)[] = [];
      const { inbox } = await bench.subscribe({ topics: [topic] });
      const [zero, one] = await keysOf(bench, topic, inbox);
      inbox.handle = ({ partition }) =>
        partition === 0 ? new Promise<void>((done) => open.push(done)) : undefined;
      await bench.send([message(topic, 'stuck', zero)]);
      await inbox.until(() => inbox.texts.includes('stuck'));
      await bench.send([message(topic, 'behind', zero), message(topic, 'free', one)]);
      await inbox.until(() => inbox.texts.includes('free'));
      ok(!inbox.texts.includes('behind'));
      inbox.handle = () => undefined;
      for (const done of open) done();
      await inbox.until(() => inbox.texts.includes('behind'));
    },
  'a partition that is paused gives nothing until it is resumed, and others go on': async (bench) => {
    const topic = await bench.topic(2);
    const { inbox, subscription } = await bench.subscribe({ topics: [topic] });
    const [zero, one] = await keysOf(bench, topic, inbox);
    subscription.pause([{ topic, partition: 0 }]);
    await bench.send([message(topic, 'paused', zero)]);
    await bench.send([message(topic, 'free', one)]);
    await inbox.until(() => inbox.texts.includes('free'));
    ok(!inbox.texts.includes('paused'));
    subscription.resume([{ topic, partition: 0 }]);
    await inbox.until(() => inbox.texts.includes('paused'));
  },
  'a subscription tells where it is and where its partitions end': async (bench) => {
    const topic = await bench.topic();
    await bench.send(['a', 'b', 'c'].map((text) => message(topic, text)));
    const { inbox, subscription } = await bench.subscribe({ topics: [topic] });
    await inbox.until(() => inbox.messages.length === 3);
    await subscription.commit([{ topic, partition: 0, next: 2 }]);
    deepStrictEqual(await subscription.places(), [{ topic, partition: 0, next: 2, end: 3 }]);
  },
};

/** A key of each of two partitions, found by sending. */
async function keysOf(bench: Bench, topic: string, inbox: Inbox): Promise<[string, string]> {
  const found = new Map<number, string>();
  for (let index = 0; found.size < 2; index++) {
    const key = `probe ${index}`;
    await bench.send([message(topic, key, key)]);
    await inbox.until(() => inbox.texts.includes(key));
    found.set(inbox.messages.at(-1)!.partition, key);
  }
  return [found.get(0)!, found.get(1)!];
}

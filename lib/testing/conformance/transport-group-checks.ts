import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { behind, type Check, Inbox, kinds, message } from './transport-bench.js';

export const GROUPS: Record<string, Check> = {
  'the members of a group share the partitions, and another group has them all': async (bench) => {
    const [topic, group] = [await bench.topic(4), randomUUID()];
    const members = [new Inbox(), new Inbox()];
    for (const inbox of members) await bench.subscribe({ topics: [topic], group }, inbox);
    const held = (inbox: Inbox) => {
      const gone = inbox.revocations.length;
      return new Set(inbox.assignments.map(({ partition }) => partition)).size - gone;
    };
    await members[0]!.until(() => held(members[0]!) === 2);
    await members[1]!.until(() => held(members[1]!) === 2);
    await bench.send(Array.from({ length: 40 }, (_, index) => message(topic, `${index}`, `${index}`)));
    const other = await bench.subscribe({ topics: [topic] });
    await other.inbox.until(() => other.inbox.messages.length === 40);
    const all = () => members.flatMap(({ texts }) => texts);
    await Promise.race(members.map((inbox) => inbox.until(() => all().length >= 40)));
    strictEqual(new Set(all()).size, 40);
    for (const inbox of members) ok(inbox.messages.length > 0);
  },
  'what a member leaves, others of its group go on with; it commits nothing any more': async (bench) => {
    const [topic, group] = [await bench.topic(), randomUUID()];
    await bench.send(['a', 'b'].map((text) => message(topic, text)));
    const first = await bench.subscribe({ topics: [topic], group });
    await first.inbox.until(() => first.inbox.messages.length === 2);
    await first.subscription.commit([{ topic, partition: 0, next: 1 }]);
    await first.subscription.close();
    await first.subscription.commit([{ topic, partition: 0, next: 2 }]).catch(() => undefined);
    const second = await bench.subscribe({ topics: [topic], group });
    await second.inbox.until(() => second.inbox.messages.length === 1);
    deepStrictEqual(second.inbox.texts, ['b']);
  },
  'a batch of a partition that is revoked is told so, and commits nothing': async (bench) => {
    const [topic, group] = [await bench.topic(2), randomUUID()];
    const keys = Array.from({ length: 20 }, (_, index) => message(topic, `${index}`, `${index}`));
    await bench.send(keys);
    const first = await bench.subscribe({ topics: [topic], group });
    await first.inbox.until(() => first.inbox.messages.length === 20);
    const held = [...first.inbox.batches];
    const second = await bench.subscribe({ topics: [topic], group });
    await first.inbox.until(() => first.inbox.revocations.length > 0);
    const [lost] = first.inbox.revocations;
    ok(held.filter(({ partition }) => partition === lost!.partition).every(({ signal }) => signal.aborted));
    await first.subscription.commit(held.map(behind)).catch(() => undefined);
    const own = held
      .filter(({ partition }) => partition === lost!.partition)
      .flatMap(({ messages }) => messages);
    await second.inbox.until(() => second.inbox.messages.length >= own.length);
    deepStrictEqual(
      second.inbox.messages.map(({ offset }) => offset),
      own.map(({ offset }) => offset),
    );
    // Whoever has the partition next is where it was: nothing of it was committed.
    await Promise.all([first.subscription.close(), second.subscription.close()]);
    const third = await bench.subscribe({ topics: [topic], group });
    await third.inbox.until(() => third.inbox.messages.length >= own.length);
    deepStrictEqual(
      third.inbox.messages.map(({ partition, offset }) => [partition, offset]),
      own.map(({ partition, offset }) => [partition, offset]),
    );
  },
};

export const OUTAGES: Record<string, Check> = {
  'a broker that goes away is told of, takes nothing, and has everything when it is back': async (
    bench,
    { outage },
  ) => {
    if (!outage) return;
    const [topic, group] = [await bench.topic(), randomUUID()];
    await bench.send([message(topic, 'a'), message(topic, 'b')]);
    const { inbox, subscription, transport } = await bench.subscribe({ topics: [topic], group });
    await inbox.until(() => inbox.messages.length === 2);
    await subscription.commit([{ topic, partition: 0, next: 1 }]);
    await outage.begin();
    await inbox.until(() => inbox.failure !== undefined);
    await rejects(transport.connect());
    deepStrictEqual(kinds(await transport.send([message(topic, 'c')])), ['untaken']);
    await outage.end();
    await transport.connect();
    const again = new Inbox();
    await transport.subscribe({ topics: [topic], group, position: 'latest' }, again.receiver);
    await again.until(() => again.messages.length === 1);
    deepStrictEqual(again.texts, ['b']);
  },
};

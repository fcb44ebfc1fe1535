import { EventType, Follower, FollowersGraph, InvalidFollowerError, On } from 'nestjs-once';
import { DEFAULT_RETRY } from '../../../lib/core/retry-policy.js';
import { followerDefinition } from '../../../lib/followers/follower-definition.js';
import { followerOf } from '../../../lib/followers/follower.decorator.js';
import type { GraphSource } from '../../../lib/followers/graph/followers-graph.js';
import { loopsOf } from '../../../lib/followers/graph/loops.js';

const source = (
  name: string,
  takes: string[],
  emits: string[] = [],
  recorded: string[] = [],
): GraphSource => ({
  name,
  takes,
  takesGroup: (group) => takes.includes(group),
  emits,
  recorded,
});

describe('the graph of followers', () => {
  it('has an edge for each group that goes in, that comes out, and for who follows whom', () => {
    const { nodes, edges, loops } = new FollowersGraph([
      source('Medals', ['Lesson'], ['Medal*']),
      source('Book', ['Lesson', 'MedalGold']),
    ]);
    expect(nodes).toEqual([
      { kind: 'follower', name: 'Medals', isHere: true },
      { kind: 'follower', name: 'Book', isHere: true },
      { kind: 'group', name: 'Lesson' },
      { kind: 'group', name: 'MedalGold' },
      { kind: 'group', name: 'Medal*' },
    ]);
    expect(edges).toEqual([
      { kind: 'takes', group: 'Lesson', follower: 'Medals' },
      { kind: 'takes', group: 'Lesson', follower: 'Book' },
      { kind: 'takes', group: 'MedalGold', follower: 'Book' },
      { kind: 'takes', group: 'Medal*', follower: 'Book' },
      { kind: 'collects', follower: 'Medals', group: 'Medal*', known: 'declared' },
      { kind: 'follows', follower: 'Book', of: 'Medals', groups: ['Medal*'] },
    ]);
    expect(loops).toEqual([]);
  });

  it('knows by what the log has recorded what nobody declared, and followers of other processes', () => {
    const { nodes, edges } = new FollowersGraph([
      { name: 'Away', emits: [], recorded: ['Medal'] },
      source('Here', ['Medal'], ['Price*'], ['PriceGiven', 'Odd']),
    ]);
    expect(nodes[0]).toEqual({ kind: 'follower', name: 'Away', isHere: false });
    expect(edges.filter(({ kind }) => kind !== 'takes')).toEqual([
      { kind: 'collects', follower: 'Away', group: 'Medal', known: 'recorded' },
      { kind: 'collects', follower: 'Here', group: 'Price*', known: 'declared' },
      { kind: 'collects', follower: 'Here', group: 'Odd', known: 'recorded' },
      { kind: 'follows', follower: 'Here', of: 'Away', groups: ['Medal'] },
    ]);
  });

  it('names loops, of one follower or of several', () => {
    const { loops } = new FollowersGraph([
      source('A', ['a'], ['b']),
      source('B', ['b'], ['c']),
      source('C', ['c'], ['a']),
      source('Self', ['self'], ['self']),
      source('Straight', ['a']),
    ]);
    expect(loops).toEqual([['A', 'B', 'C'], ['Self']]);
  });

  it('tells two loops apart of which one leads into the other', () => {
    const edges = [
      ['a', 'b'],
      ['b', 'a'],
      ['b', 'c'],
      ['c', 'd'],
      ['d', 'c'],
    ] as const;
    expect(loopsOf(['a', 'c', 'b', 'd', 'e'], edges)).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });

  it('is drawn as Mermaid, whatever the names', () => {
    const graph = new FollowersGraph([
      source('Medals "of gold"', ['Lesson'], ['Medal']),
      { name: 'Away', emits: [], recorded: ['Lesson'] },
    ]);
    expect(graph.toMermaid()).toBe(`flowchart LR
  f1["Medals #34;of gold#34;"]
  f2["Away"]:::elsewhere
  g3(["Lesson"])
  g4(["Medal"])
  g3 --> f1
  f1 --> g4
  f2 -.-> g3
  classDef elsewhere stroke-dasharray: 4 4
`);
  });
});

describe('what a follower says of itself for the graph', () => {
  const define = (type: new () => object, methods: string[]) =>
    followerDefinition(new type(), methods, followerOf(type)!, { retry: DEFAULT_RETRY, timeout: 1000 });

  it('is what it takes of what it follows, and what it emits', () => {
    @EventType('Medal.Given')
    class MedalGiven {}

    @Follower('A', { follows: ['Dog.*', 'Cat.Born'], emits: [MedalGiven, 'Price.*'] })
    class A {
      @On('*')
      any(): void {}

      @On('Dog.Added')
      added(): void {}
    }
    const { patterns, emits, mayCollect } = define(A, ['any', 'added']);
    expect(patterns).toEqual(['Dog.*', 'Cat.Born', 'Dog.Added']);
    expect(emits).toEqual(['Medal.Given', 'Price.*']);
    expect(['Medal.Given', 'Price.Set', 'Dog.Added'].map(mayCollect)).toEqual([true, true, false]);
  });

  it('may be nothing, so that it may collect anything, or that it collects nothing', () => {
    @Follower('A')
    class A {
      @On('a')
      on(): void {}
    }
    @Follower('B', { emits: [] })
    class B {
      @On('a')
      on(): void {}
    }
    expect(define(A, ['on']).mayCollect('x')).toBe(true);
    expect(define(B, ['on']).mayCollect('x')).toBe(false);
  });

  it('is refused where it is no pattern', () => {
    @Follower('A', { emits: [17] as never })
    class A {
      @On('a')
      on(): void {}
    }
    expect(() => define(A, ['on'])).toThrow(InvalidFollowerError);
  });
});

import { command } from '../command.js';

export const followersGraph = command({
  name: 'followers graph',
  summary: 'Draws which events go into which follower, and which follower follows what another collects.',
  details: 'As text of Mermaid, or with --json as nodes, edges and loops.',
  examples: ['followers graph | tee followers.mmd', 'followers graph --json'],
  async run({ tools: { followers }, out }) {
    const graph = await followers.graph();
    await out.document(graph, () => graph.toMermaid().trimEnd().split('\n'));
  },
});

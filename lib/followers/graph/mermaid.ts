import type { CollectsEdge, FollowsEdge, GraphFollower, GraphGroup, TakesEdge } from './nodes.js';

interface Drawn {
  readonly nodes: readonly (GraphFollower | GraphGroup)[];
  readonly edges: readonly (TakesEdge | CollectsEdge | FollowsEdge)[];
}

const AWAY = 'elsewhere';

/** Draws it: what goes in on the left, what follows it to the right. */
export function mermaidOf({ nodes, edges }: Drawn): string {
  const ids = new Map(nodes.map(({ kind, name }, index) => [`${kind} ${name}`, `${kind[0]!}${index + 1}`]));
  const follower = (name: string) => ids.get(`follower ${name}`)!;
  const group = (name: string) => ids.get(`group ${name}`)!;
  const boxes = nodes.map((node) => {
    const id = ids.get(`${node.kind} ${node.name}`)!;
    if (node.kind === 'group') return `${id}(["${labelOf(node.name)}"])`;
    return `${id}["${labelOf(node.name)}"]${node.isHere ? '' : `:::${AWAY}`}`;
  });
  const arrows = edges.flatMap((edge) => {
    if (edge.kind === 'takes') return [`${group(edge.group)} --> ${follower(edge.follower)}`];
    if (edge.kind === 'follows') return [];
    const arrow = edge.known === 'declared' ? '-->' : '-.->';
    return [`${follower(edge.follower)} ${arrow} ${group(edge.group)}`];
  });
  const style = nodes.some((node) => node.kind === 'follower' && !node.isHere)
    ? [`classDef ${AWAY} stroke-dasharray: 4 4`]
    : [];
  return ['flowchart LR', ...[...boxes, ...arrows, ...style].map((line) => `  ${line}`), ''].join('\n');
}

/** Mermaid writes characters by entities without an ampersand. */
function labelOf(name: string): string {
  return name.replace(/[^\p{L}\p{N} ._:*/^$+?()[\]|,@-]/gu, (character) => `#${character.codePointAt(0)!};`);
}

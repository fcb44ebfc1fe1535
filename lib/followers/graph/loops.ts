/** The sets of nodes that can reach themselves, each once; edges lead from the first to the second. In the order of `nodes`. */
export function loopsOf(
  nodes: readonly string[],
  edges: readonly (readonly [string, string])[],
): readonly (readonly string[])[] {
  const reached = new Map(nodes.map((node) => [node, reachedFrom(node, edges)]));
  const reaches = (from: string, to: string) => reached.get(from)!.has(to);
  const looping = nodes.filter((node) => reaches(node, node));
  const loops: string[][] = [];
  for (const node of looping) {
    const loop = loops.find(([first]) => reaches(node, first!) && reaches(first!, node));
    if (loop) loop.push(node);
    else loops.push([node]);
  }
  return loops;
}

/** By one edge or more. */
function reachedFrom(start: string, edges: readonly (readonly [string, string])[]): ReadonlySet<string> {
  const reached = new Set<string>();
  const open = [start];
  for (let node = open.pop(); node !== undefined; node = open.pop())
    for (const [from, to] of edges) {
      if (from !== node || reached.has(to)) continue;
      reached.add(to);
      open.push(to);
    }
  return reached;
}

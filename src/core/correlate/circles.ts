/**
 * Which nodes of a directed graph lie on a circle together: nodes with the same number can each be reached from the
 * other (Tarjan's strongly connected components, https://doi.org/10.1137/0201010, without recursion). A node on no
 * circle has a number to itself.
 */
export function circlesOf(count: number, edgesOf: (node: number) => readonly number[]): Int32Array {
  const circle = new Int32Array(count).fill(-1);
  const order = new Int32Array(count).fill(-1);
  const lowest = new Int32Array(count);
  const stack: number[] = [];
  let visited = 0;
  let circles = 0;

  type Visit = { node: number; edges: readonly number[]; next: number };
  const enter = (node: number): Visit => {
    order[node] = visited;
    lowest[node] = visited;
    visited += 1;
    stack.push(node);
    return { node, edges: edgesOf(node), next: 0 };
  };
  const leave = (node: number) => {
    if (lowest[node] !== order[node]) return;
    for (let member = stack.pop()!; ; member = stack.pop()!) {
      circle[member] = circles;
      if (member === node) break;
    }
    circles += 1;
  };

  for (let start = 0; start < count; start += 1) {
    if (order[start] !== -1) continue;
    const path = [enter(start)];
    for (let visit = path.at(-1); visit; visit = path.at(-1)) {
      const to = visit.edges[visit.next];
      visit.next += 1;
      if (to === undefined) {
        leave(visit.node);
        path.pop();
        const above = path.at(-1);
        if (above) lowest[above.node] = Math.min(lowest[above.node]!, lowest[visit.node]!);
      } else if (order[to] === -1) path.push(enter(to));
      else if (circle[to] === -1) lowest[visit.node] = Math.min(lowest[visit.node]!, order[to]!);
    }
  }
  return circle;
}

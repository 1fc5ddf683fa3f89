/**
 * What each node has, as rows of numbers in flat arrays (compressed sparse rows): the children of node n are
 * `values[offsets[n] … offsets[n + 1]]`, and `slots` says for each of them which document stated it.
 *
 * A change of a few rows is laid over the arrays, so that one small document costs no copy of the graph: `patches` holds
 * for a node its rows by the version from which they hold. It is shared by all versions and only ever added to; a
 * version sees what is not newer than itself.
 */
export type Rows = {
  offsets: Int32Array;
  values: Int32Array;
  slots: Int32Array;
  version: number;
  patches: Patches;
};

type Patches = { marks: Uint8Array; rows: Map<number, (Row & { version: number })[]> };

export type Row = { values: Int32Array; slots: Int32Array };

const EMPTY: Row = { values: new Int32Array(0), slots: new Int32Array(0) };

/** Sorts cells (the node, its value and the document that stated it, each a column) into rows, keeping their order. */
export function rowsOf(size: number, nodes: Int32Array, values: Int32Array, slots: Int32Array): Rows {
  const offsets = new Int32Array(size + 1);
  for (let cell = 0; cell < nodes.length; cell += 1) offsets[nodes[cell]! + 1]! += 1;
  for (let node = 0; node < size; node += 1) offsets[node + 1]! += offsets[node]!;
  const next = offsets.slice(0, size);
  const rows: Rows = {
    offsets,
    values: new Int32Array(nodes.length),
    slots: new Int32Array(nodes.length),
    version: 0,
    patches: { marks: new Uint8Array(size), rows: new Map() },
  };
  for (let cell = 0; cell < nodes.length; cell += 1) {
    const at = next[nodes[cell]!]!;
    next[nodes[cell]!] = at + 1;
    rows.values[at] = values[cell]!;
    rows.slots[at] = slots[cell]!;
  }
  return rows;
}

/** The row laid over the arrays, where there is one; a node that came after them has no other. */
function patchAt({ version, patches, offsets }: Rows, node: number): Row | null {
  const isNew = node + 1 >= offsets.length;
  if (!isNew && patches.marks[node] === 0) return null;
  const seen = patches.rows.get(node)?.findLast((row) => row.version <= version);
  return seen ?? (isNew ? EMPTY : null);
}

export function rowAt(rows: Rows, node: number): Row {
  const patch = patchAt(rows, node);
  if (patch !== null) return patch;
  const start = rows.offsets[node]!;
  const end = rows.offsets[node + 1]!;
  return { values: rows.values.subarray(start, end), slots: rows.slots.subarray(start, end) };
}

/** Whether some cell of a row passes: without a copy of the row, for use in searches. */
export function someCell(rows: Rows, node: number, test: (value: number, slot: number) => boolean): boolean {
  const patch = patchAt(rows, node);
  const { values, slots } = patch ?? rows;
  const end = patch ? values.length : rows.offsets[node + 1]!;
  for (let cell = patch ? 0 : rows.offsets[node]!; cell < end; cell += 1) {
    if (test(values[cell]!, slots[cell]!)) return true;
  }
  return false;
}

/**
 * The rows of the next version: without what `gone` stated, and with what `added` states, by node. `rows` must be the
 * newest version of its arrays.
 */
export function patchRows(
  rows: Rows,
  version: number,
  gone: { slot: number; nodes: Iterable<number> } | null,
  added: { slot: number; values: Map<number, number[]> },
): Rows {
  const { marks, rows: patched } = rows.patches;
  for (const node of new Set([...(gone?.nodes ?? []), ...added.values.keys()])) {
    const row = rowAt(rows, node);
    const kept = [...row.slots.keys()].filter((cell) => row.slots[cell] !== gone?.slot);
    const values = added.values.get(node) ?? [];
    const patch = {
      version,
      values: Int32Array.from([...kept.map((cell) => row.values[cell]!), ...values]),
      slots: Int32Array.from([...kept.map((cell) => row.slots[cell]!), ...values.map(() => added.slot)]),
    };
    const known = patched.get(node);
    if (known) known.push(patch);
    else patched.set(node, [patch]);
    if (node < marks.length) marks[node] = 1;
  }
  return { ...rows, version };
}

/** Memory of one search, used again by the next: `stamp[n]` is the round in which node n was last seen. */
export type Scratch = { stamp: Int32Array; queue: Int32Array; from: Int32Array; round: number };

export function scratchFor(size: number): Scratch {
  return {
    stamp: new Int32Array(size),
    queue: new Int32Array(size),
    from: new Int32Array(size),
    round: 0,
  };
}

export type WalkLimits = {
  /** How far to go; 1 is direct neighbours. */
  maxDepth?: number;
  /** How many edges to look at: a bound on the work. */
  maxEdges?: number;
};

/** "stopped": the visitor had seen enough. "cut": `maxEdges` ran out. Else all there is was seen, up to `maxDepth`. */
export type WalkEnd = "complete" | "stopped" | "cut";

/**
 * Visits what can be reached from `start`, nearest first and each once, without `start` itself (also where a cycle leads
 * back to it). A visitor that answers true ends the walk. `scratch.from` then leads from each visited node back.
 */
export function spread(
  rows: Rows,
  scratch: Scratch,
  start: number,
  visit: (node: number, distance: number) => boolean | undefined,
  { maxDepth = Number.POSITIVE_INFINITY, maxEdges = Number.POSITIVE_INFINITY }: WalkLimits = {},
): WalkEnd {
  const { stamp, queue, from } = scratch;
  const { offsets, values } = rows;
  const round = nextRound(scratch);
  stamp[start] = round;
  queue[0] = start;
  let seen = 1;
  let edges = 0;
  for (let at = 0, distance = 1, levelEnd = 1; at < seen; at += 1) {
    if (at === levelEnd) {
      levelEnd = seen;
      distance += 1;
    }
    if (distance > maxDepth) break;
    const node = queue[at]!;
    const patch = patchAt(rows, node);
    const row = patch?.values ?? values;
    let cell = patch ? 0 : offsets[node]!;
    const end = patch ? row.length : offsets[node + 1]!;
    edges += end - cell;
    if (edges > maxEdges) return "cut";
    for (; cell < end; cell += 1) {
      const next = row[cell]!;
      if (stamp[next] === round) continue;
      stamp[next] = round;
      from[next] = node;
      queue[seen] = next;
      seen += 1;
      if (visit(next, distance)) return "stopped";
    }
  }
  return "complete";
}

function nextRound(scratch: Scratch): number {
  if (scratch.round >= 2_000_000_000) {
    scratch.stamp.fill(0);
    scratch.round = 0;
  }
  scratch.round += 1;
  return scratch.round;
}

/** The nodes from the start of the last walk to one that it visited. */
export function trail(scratch: Scratch, start: number, end: number): number[] {
  const nodes = [end];
  for (let node = end; node !== start; ) {
    node = scratch.from[node]!;
    nodes.push(node);
  }
  return nodes.reverse();
}

/**
 * A shortest way along `forward`, searched from both ends at once, always the narrower first: between a table that
 * everything reads and one leaf it looks at little more than what lies above the leaf.
 */
export function shortest(
  forward: Rows,
  backward: Rows,
  scratches: [Scratch, Scratch],
  start: number,
  end: number,
): number[] | null {
  if (start === end) return [start];
  const side = (rows: Rows, scratch: Scratch, first: number) => {
    scratch.stamp[first] = nextRound(scratch);
    return { rows, scratch, frontier: [first] };
  };
  const ahead = side(forward, scratches[0], start);
  const behind = side(backward, scratches[1], end);
  while (ahead.frontier.length > 0 && behind.frontier.length > 0) {
    const isAhead = ahead.frontier.length <= behind.frontier.length;
    const [near, far] = isAhead ? [ahead, behind] : [behind, ahead];
    const next: number[] = [];
    let met = -1;
    for (const node of near.frontier) {
      const found = someCell(near.rows, node, (neighbour) => {
        if (near.scratch.stamp[neighbour] === near.scratch.round) return false;
        near.scratch.stamp[neighbour] = near.scratch.round;
        near.scratch.from[neighbour] = node;
        next.push(neighbour);
        met = neighbour;
        // Both sides have seen all that is nearer, so where they first meet there is no shorter way.
        return far.scratch.stamp[neighbour] === far.scratch.round;
      });
      if (!found) continue;
      const back = trail(behind.scratch, end, met).reverse();
      return [...trail(ahead.scratch, start, met), ...back.slice(1)];
    }
    near.frontier = next;
  }
  return null;
}

/** Distances are kept in one byte: from here on an asset is this far or farther. */
export const FARTHEST = 255;

/**
 * The distance from `start` of all that can be reached from it, by node (0: not reached, and `start` itself), and the
 * nodes reached, nearest first. As `spread`, without a visitor: several times as quick.
 */
export function distances(
  rows: Rows,
  scratch: Scratch,
  size: number,
  start: number,
): { byNode: Uint8Array; reached: Int32Array } {
  const byNode = new Uint8Array(size);
  const { queue } = scratch;
  const { offsets, values } = rows;
  queue[0] = start;
  byNode[start] = FARTHEST;
  let seen = 1;
  for (let at = 0, distance = 1, levelEnd = 1; at < seen; at += 1) {
    if (at === levelEnd) {
      levelEnd = seen;
      distance = Math.min(distance + 1, FARTHEST);
    }
    const node = queue[at]!;
    const patch = patchAt(rows, node);
    const row = patch?.values ?? values;
    const end = patch ? row.length : offsets[node + 1]!;
    for (let cell = patch ? 0 : offsets[node]!; cell < end; cell += 1) {
      const next = row[cell]!;
      if (byNode[next] !== 0) continue;
      byNode[next] = distance;
      queue[seen] = next;
      seen += 1;
    }
  }
  byNode[start] = 0;
  return { byNode, reached: queue.slice(1, seen) };
}

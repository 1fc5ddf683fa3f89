import type { Command } from "../incident/command.ts";
import type { IncidentState } from "../incident/state.ts";
import type { Asset } from "../signal/asset.ts";
import { errorWords } from "./error-text.ts";
import { type Explained, partition } from "./partition.ts";
import { older, type Topology } from "./topology.ts";

/** What has to be done so that every problem is one incident. */
export type Move =
  | { type: "merge"; from: string; into: string; reason: string }
  | { type: "some"; from: string; into: string; fingerprints: string[]; reason: string }
  | { type: "origin"; into: string; command: Extract<Command, { type: "find_origin" }> };

type Alert = {
  fingerprint: string;
  title: string;
  description: string | null;
  status: "firing" | "resolved";
  assets: Asset[];
};
/** Alerts on one asset, under the name it has in every tool's words, in the incident that has them now. */
type Unit = { name: string; asset: Asset; incident: string; alerts: Alert[] };

/** Sorts the alerts of incidents that nobody has seen yet into problems. Resolved alerts go with the firing ones. */
export function sortOut(
  states: IncidentState[],
  alerts: Map<string, Alert[]>,
  topology: Topology,
  maxSteps: number,
): Move[] {
  const units = unitsOf(states, alerts, topology);
  const holding = new Map<string, Unit[]>();
  for (const unit of units) holding.set(unit.incident, [...(holding.get(unit.incident) ?? []), unit]);
  const find = topology.among(units);
  const groups = partition(
    units,
    (unit) => find.above(unit).filter(({ steps }) => steps <= maxSteps),
    (unit) => find.beside(unit).filter((other) => failsAlike(unit.alerts[0]!, other.alerts[0]!)),
  );
  const moves: Move[] = [];
  for (const [{ root, members }, into] of homesOf(groups)) {
    const candidates = [...new Set(members.map(({ incident }) => incident))].sort(older);
    const reason = `${root.asset.name} explains it`;
    for (const from of candidates.filter((key) => key !== into)) {
      const leaving = members.filter(({ incident }) => incident === from);
      const all = holding.get(from)!.every((unit) => leaving.includes(unit));
      if (all) moves.push({ type: "merge", from, into, reason });
      else {
        const fingerprints = leaving.flatMap((unit) => unit.alerts.map((alert) => alert.fingerprint));
        moves.push({ type: "some", from, into, fingerprints, reason });
      }
    }
    if (members.length > 1) moves.push(originOf(root, members, into));
  }
  return moves;
}

/**
 * Which incident each problem goes on in: the one that has its root, or else the oldest of those that have a part of it
 * and are not another's. A problem for which there is none stays where it is.
 */
function homesOf(groups: Explained<Unit>[]): Map<Explained<Unit>, string> {
  const homes = new Map<Explained<Unit>, string>();
  const taken = new Set<string>();
  const settle = (group: Explained<Unit>, incident: string | undefined) => {
    if (!incident) return;
    homes.set(group, incident);
    taken.add(incident);
  };
  const free = (incident: string) => !taken.has(incident);
  const sorted = [...groups].sort((a, b) => (a.root.name < b.root.name ? -1 : 1));
  for (const group of sorted) if (free(group.root.incident)) settle(group, group.root.incident);
  for (const group of sorted.filter((each) => !homes.has(each)))
    settle(
      group,
      group.members
        .map(({ incident }) => incident)
        .sort(older)
        .find(free),
    );
  return homes;
}

function originOf(root: Unit, members: Unit[], into: string): Move {
  const first = root.alerts[0]!;
  const others = members.filter((unit) => unit !== root).map((unit) => unit.asset);
  return {
    type: "origin",
    into,
    command: {
      type: "find_origin",
      asset: root.asset,
      fingerprint: first.fingerprint,
      title: first.title,
      description: first.description,
      replaces: others,
      confidence: "high",
      reason: `${others.length} broken ${others.length === 1 ? "asset is" : "assets are"} built from it`,
    },
  };
}

function unitsOf(states: IncidentState[], alerts: Map<string, Alert[]>, topology: Topology): Unit[] {
  const units = new Map<string, Unit>();
  for (const { key } of states) {
    for (const alert of alerts.get(key) ?? []) {
      const [asset] = alert.assets;
      if (!asset) continue;
      const name = topology.name(asset);
      const known = units.get(`${key}\n${name}`);
      if (known) known.alerts.push(alert);
      else units.set(`${key}\n${name}`, { name, asset, incident: key, alerts: [alert] });
    }
  }
  return [...units.values()];
}

/** How much of what two errors say must be the same for them to be one failure seen twice. */
const ALIKE = 0.5;

type Failure = { description: string | null; assets: Asset[] };

/**
 * Whether two alerts fail in the same words over the same thing: the same column gone, the same role denied. The words
 * alone say little, as all row counts are low in the same words; what they have in common must name something, and
 * something else than the two assets themselves.
 */
export function failsAlike(a: Failure, b: Failure): boolean {
  if (!a.description || !b.description) return false;
  const [one, other] = [errorWords(a.description), errorWords(b.description)];
  const shared = [...one].filter((word) => other.has(word));
  if (shared.length / Math.sqrt(one.size * other.size) < ALIKE) return false;
  const own = [...a.assets, ...b.assets].map(({ name }) => name.toLowerCase());
  const quoted = new Set(quotedNames(a.description));
  return shared.some(
    (word) => (word.includes("_") || quoted.has(word)) && !own.some((name) => name.includes(word)),
  );
}

function quotedNames(text: string): string[] {
  return [...text.slice(0, 2000).matchAll(/["'`]([\p{L}_][\p{L}\d_$]{0,60})["'`]/gu)].map(([, name]) =>
    name!.toLowerCase(),
  );
}

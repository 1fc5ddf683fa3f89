import type { Asked, ByHand } from "../core/incident/command.ts";
import { decide } from "../core/incident/decide.ts";
import type { RecordedEvent } from "../core/incident/events.ts";
import { actorName } from "../core/incident/person.ts";
import { type IncidentState, isOpen } from "../core/incident/state.ts";
import { Refusal } from "../core/refusal.ts";
import { splitOffDocument } from "../core/report/replies.ts";
import type { AlertSignal } from "../core/signal/alert.ts";
import { type Asset, assetId } from "../core/signal/asset.ts";
import { alertsMeant } from "../core/verb/alert-words.ts";
import { asSignals } from "./as-signal.ts";
import { openFor } from "./assign.ts";
import { type Batch, type News, tell } from "./batch.ts";
import { beganAt, moveSome, noticedAt, requireSameKind } from "./combine.ts";
import type { CommandResult, IncidentAlert } from "./ports.ts";

/** Alerts that a person puts elsewhere: into an incident of their own, or into another open one. */
export async function putElsewhere(
  batch: Batch,
  from: IncidentState,
  command: ByHand,
  asked: Asked,
): Promise<CommandResult> {
  requireOpen(from, command.type);
  const into = command.type === "move" ? await targetOf(batch, from, command.into) : null;
  const rows = await batch.incidentAlertsOf(from.key);
  const leaving = alertsMeant(rows, command, from.key);
  const gone = new Set(leaving);
  const staying = rows.filter((row) => !gone.has(row));
  refuseEmpty(from, staying, command);
  if (into) await refuseTwice(batch, into, leaving);
  return into
    ? move(batch, from, into, { leaving, staying }, command.reason, asked)
    : splitOff(batch, from, { leaving, staying }, command.reason, asked);
}

type Parted = { leaving: IncidentAlert[]; staying: IncidentAlert[] };

async function move(
  batch: Batch,
  from: IncidentState,
  into: IncidentState,
  parted: Parted,
  reason: string | null,
  asked: Asked,
): Promise<CommandResult> {
  const news: News = new Map();
  await carryOver(batch, from, into, parted, reason, asked, news, whyOf("moved from", from, reason, asked));
  for (const [key, events] of news) batch.announce(key, events);
  return { incident: into.key, events: news.get(into.key) ?? [] };
}

async function splitOff(
  batch: Batch,
  from: IncidentState,
  parted: Parted,
  reason: string | null,
  asked: Asked,
): Promise<CommandResult> {
  const news: News = new Map();
  const lead = leadOf(batch, parted.leaving);
  const [signal] = await asSignals(batch, [lead]);
  const why = whyOf("split off", from, reason, asked);
  const first: AlertSignal = { ...signal!, status: "firing", startsAt: beganAt(parted.leaving) };
  await batch.prefetch([first]);
  const noticed = noticedAt(parted.leaving);
  const key = await openFor(batch, first, lead.fingerprint, why, asked, news, noticed);
  const opened = news.get(key)!;
  news.delete(key);
  batch.announce(key, opened);
  await carryOver(batch, from, await batch.state(key), parted, reason, asked, news, why);
  // The other thread is told once there is a thread to lead to (`tellSplit`).
  for (const [incident, events] of news) batch.announce(incident, events, incident === key);
  return { incident: key, events: [...opened, ...(news.get(key) ?? [])] };
}

function whyOf(did: string, { key }: IncidentState, reason: string | null, { actor }: Asked): string {
  return `${did} ${key} by ${actorName(actor)}${reason ? `: ${reason}` : ""}`;
}

/** The thread of an incident that was split off stands: the one it came from is told where. */
export async function tellSplit(batch: Batch, incident: string): Promise<void> {
  const state = await batch.state(incident);
  const [from] = state.apart;
  if (state.openedBy.kind !== "person" || state.origin === null || !from) return;
  await batch.state(from);
  batch.reply(from, `split:${incident}`, splitOffDocument(state));
}

/** Moves the alerts, and lets both incidents be about what they have then. */
async function carryOver(
  batch: Batch,
  from: IncidentState,
  into: IncidentState,
  { leaving, staying }: Parted,
  reason: string | null,
  asked: Asked,
  news: News,
  why: string,
): Promise<void> {
  const gone = new Set(leaving.map(({ fingerprint }) => fingerprint));
  const left = staying.length > 0 ? leadOf(batch, staying) : null;
  const beganElsewhere = left !== null && from.origin !== null && gone.has(from.origin.fingerprint);
  const kept = new Set(staying.flatMap(({ assets }) => assets.map(assetId)));
  const isAboutNothing = from.roots.length > 0 && !from.roots.some((root) => kept.has(assetId(root)));
  await moveSome(batch, from, into, [...gone], reason, asked, news, {
    origin: beganElsewhere ? originOf(left) : undefined,
    roots: left && isAboutNothing ? rootsOf(batch, staying) : undefined,
    intoRoots: rootsOf(batch, leaving),
    why,
  });
  const system: Asked = { ...asked, actor: { kind: "system" } };
  const isNamedAfter = leaving.some(({ title }) => title === from.title);
  if (left && isNamedAfter && !from.titleSetByPerson && !staying.some(({ title }) => title === from.title)) {
    const events = decide(await batch.state(from.key), { type: "set_title", title: left.title }, system);
    tell(news, from.key, batch.append(from.key, events, system));
  }
  tell(news, into.key, await raise(batch, into.key, leaving, system));
}

/** What comes may be worse than what was there. */
async function raise(
  batch: Batch,
  key: string,
  rows: IncidentAlert[],
  system: Asked,
): Promise<RecordedEvent[]> {
  const state = await batch.state(key);
  if (state.severitySetByPerson) return [];
  const firing = rows.filter(({ status }) => status === "firing").slice(0, ROUTED);
  const routed = (await asSignals(batch, firing)).map((signal) => batch.routeOf(signal));
  const [worst] = routed.sort((a, b) => (a.severity < b.severity ? -1 : 1));
  if (!worst || worst.severity >= state.severity) return [];
  const { severity, severityReason: reason } = worst;
  return batch.append(key, decide(state, { type: "set_severity", severity, reason }, system), system);
}

/** Asking the rules and lineage takes time; of a storm the first few say how severe it is. */
const ROUTED = 100;

/** The assets that no other of these alerts explains. */
function rootsOf(batch: Batch, rows: IncidentAlert[]): Asset[] {
  const assets = rows.flatMap(({ assets }) => assets.slice(0, 1));
  const units = [...new Map(assets.map((asset) => [assetId(asset), { asset }])).values()].slice(0, ROUTED);
  const find = batch.topology.among(units);
  const roots = units.filter((unit) => find.above(unit).length === 0);
  return (roots.length > 0 ? roots : units.slice(0, 1)).map(({ asset }) => asset);
}

/** What is nearest to the cause: on a root, firing, the first. */
function leadOf(batch: Batch, rows: IncidentAlert[]): IncidentAlert {
  const roots = new Set(rootsOf(batch, rows).map(assetId));
  const rank = ({ assets: [asset], status }: IncidentAlert) =>
    (asset && roots.has(assetId(asset)) ? 0 : 2) + (status === "firing" ? 0 : 1);
  return [...rows].sort(
    (a, b) => rank(a) - rank(b) || (a.firstSeenAt + a.fingerprint < b.firstSeenAt + b.fingerprint ? -1 : 1),
  )[0]!;
}

function originOf({ source, fingerprint, title, description, assets, labels, links }: IncidentAlert) {
  return { source, fingerprint, title, description, asset: assets[0] ?? null, labels, links };
}

function requireOpen({ key, phase, mergedInto }: IncidentState, verb: string): void {
  if (isOpen(phase)) return;
  const next = mergedInto
    ? `Its alerts are in ${mergedInto}: \`${verb} ${mergedInto} …\`.`
    : `\`reopen ${key} <reason>\` opens it again.`;
  throw new Refusal("wrong_state", `Cannot ${verb} alerts of ${key}: it is ${phase}. ${next}`);
}

async function targetOf(batch: Batch, from: IncidentState, key: string): Promise<IncidentState> {
  if (key === from.key) throw new Refusal("invalid", `They are in ${key} already. Name another incident.`);
  const into = await batch.state(key);
  requireSameKind(from, into);
  if (isOpen(into.phase)) return into;
  const next = into.mergedInto
    ? `Move them to ${into.mergedInto}, which has its alerts.`
    : `\`reopen ${key} <reason>\` opens it again, \`split\` gives them an incident of their own.`;
  throw new Refusal(
    "wrong_state",
    `Alerts go only into open incidents, and ${key} is ${into.phase}. ${next}`,
  );
}

/** One that a person declared is there without alerts too. */
function refuseEmpty({ key, origin }: IncidentState, staying: IncidentAlert[], command: ByHand): void {
  if (staying.length > 0 || origin === null) return;
  const next =
    command.type === "move"
      ? `\`merge ${key} into ${command.into}\` moves it whole.`
      : "Name those that are another problem, or `title <words>` to call it something else.";
  throw new Refusal("conflict", `Those are all the alerts of ${key}; nothing of it would stay. ${next}`);
}

/** One that is there from an earlier time would count twice. */
async function refuseTwice(batch: Batch, { key }: IncidentState, leaving: IncidentAlert[]): Promise<void> {
  const there = new Set((await batch.incidentAlertsOf(key)).map(({ fingerprint }) => fingerprint));
  const twice = leaving.find(({ fingerprint }) => there.has(fingerprint));
  if (twice)
    throw new Refusal(
      "conflict",
      `${key} has “${twice.title}” already, from an earlier time. \`merge\` puts the two incidents together.`,
    );
}

import type { RecordedEvent } from "../incident/events.ts";
import type { AssetState, IncidentState } from "../incident/state.ts";
import { plural } from "../plural.ts";
import { byDowntime, downtime, downtimeIntervals, elapsed, formatDuration, isFinished } from "./clocks.ts";
import { utcDateTime, utcShortDate, utcTime } from "./instants.ts";
import { type TimelineEntry, timeline } from "./timeline.ts";
import { escapeXml } from "./xml.ts";

/**
 * The incident over time, as one SVG picture: its states, the alerts that came, what people did, and how long each asset
 * was wrong. It uses the reader's text colour and plain attributes only, so that it reads in the light, in the dark, on
 * paper, and under a content policy that allows no inline style. `alt` says the same in words.
 */
export type Drawing = { svg: string; alt: string };

const WIDTH = 900;
const LABEL_WIDTH = 186;
const VALUE_WIDTH = 104;
const PLOT = { left: LABEL_WIDTH, right: WIDTH - VALUE_WIDTH, width: WIDTH - VALUE_WIDTH - LABEL_WIDTH };
const AXIS_HEIGHT = 40;
const BAND = { height: 30, row: 38 };
const LEGEND_ROW = 22;
const LANE_ROW = 40;
const ASSET_ROW = 26;
const ASSETS_SHOWN = 12;
/** Roughly the width of a character at the size we write in; a label that may not fit is left out. */
const CHARACTER_WIDTH = 7;

type Mood = "unnoticed" | "triggered" | "acknowledged" | "mitigated" | "resolved";
type Stretch = { mood: Mood; from: number; to: number };
type Scale = { from: number; to: number; x: (instant: number) => number };

/** Fill and the ink that reads on it; a contrast of at least 4.5 to 1 for each pair. On paper an outline shows them. */
const COLOURS: Record<Mood, { fill: string; ink: string; word: string }> = {
  unnoticed: { fill: "#f3d7d6", ink: "#6b0f0d", word: "Not noticed" },
  triggered: { fill: "#a30200", ink: "#ffffff", word: "Triggered" },
  acknowledged: { fill: "#daa038", ink: "#1d1c1d", word: "Acknowledged" },
  mitigated: { fill: "#1264a3", ink: "#ffffff", word: "Mitigated" },
  resolved: { fill: "#2eb886", ink: "#0b2e20", word: "Resolved" },
};
const BROKEN = "#c4423f";
const GIVEN_UP = "#6b6b70";
/** Of the reader's own ink, so that the palest fill ends where one sees it, in the light and in the dark. */
const OUTLINE = { stroke: "currentColor", "stroke-opacity": 0.65 };

export function drawing(state: IncidentState, events: RecordedEvent[], asOf: string): Drawing {
  const entries = timeline(events);
  const stretches = stretchesOf(state, timeline(events, { includeHidden: true }), asOf);
  const scale = scaleOf(state, stretches, asOf);
  const assets = byDowntime(state, asOf).map(({ asset }) => asset);
  const shown = assets.slice(0, ASSETS_SHOWN);

  const key = legend(stretches);
  const lanes = [
    bandLane(stretches, scale),
    key.svg,
    alertLane(state, entries, scale),
    peopleLane(entries, scale),
  ];
  const rows = [BAND.row, key.height, LANE_ROW, LANE_ROW];
  const lanesHeight = rows.reduce((sum, row) => sum + row, 0);
  const more = assets.length - shown.length;
  const height = AXIS_HEIGHT + lanesHeight + shown.length * ASSET_ROW + (more > 0 ? ASSET_ROW : 0) + 12;

  const content = [
    axis(scale, height),
    ...stack(lanes, AXIS_HEIGHT, rows),
    ...stack(
      shown.map((asset) => assetLane(state, asset, scale, asOf)),
      AXIS_HEIGHT + lanesHeight,
      shown.map(() => ASSET_ROW),
    ),
    more > 0 ? label(`and ${more} more`, height - 20, { "fill-opacity": 0.7 }) : "",
  ].join("\n");

  const alt = describe(state, stretches, assets.length);
  const attributes = {
    xmlns: "http://www.w3.org/2000/svg",
    viewBox: `0 0 ${WIDTH} ${height}`,
    role: "img",
    "aria-label": alt,
  };
  const font = {
    "font-family": "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif",
    "font-size": 13,
    fill: "currentColor",
  };
  return { svg: element("svg", attributes, element("g", font, `\n${content}\n`)), alt };
}

/** Which state the incident was in when, with corrected times, from the data breaking on. */
function stretchesOf(state: IncidentState, entries: TimelineEntry[], asOf: string): Stretch[] {
  const stretches: Stretch[] = [];
  let mood: Mood = "unnoticed";
  let since = Date.parse(state.startedAt);
  let acknowledged = false;
  const turn = (next: Mood | null, at: string) => {
    const to = Math.max(since, Date.parse(at));
    if (to > since) stretches.push({ mood, from: since, to });
    if (next !== null) mood = next;
    since = to;
  };
  // Not when it was opened: one that was split off, or took another in, was noticed before.
  turn("triggered", state.detectedAt);
  for (const { kind, at } of entries) {
    if (kind === "acknowledged") acknowledged = true;
    if (kind === "unacknowledged") acknowledged = false;
    const next = moodAfter(kind, acknowledged);
    if (next) turn(next, at);
    if (kind === "merged" || kind === "cancelled") turn(null, at);
  }
  const over = state.phase === "merged" || state.phase === "cancelled";
  if (!over) turn(null, isFinished(state) ? afterglow(state, state.resolvedAt ?? asOf) : asOf);
  return stretches;
}

function moodAfter(kind: TimelineEntry["kind"], acknowledged: boolean): Mood | null {
  if (kind === "unacknowledged") return "triggered";
  if (kind === "acknowledged" || kind === "mitigated" || kind === "resolved") return kind;
  if (kind === "reopened") return acknowledged ? "acknowledged" : "triggered";
  return null;
}

/** A resolved incident is drawn a little past its end, so that the end can be seen and named. */
function afterglow(state: IncidentState, end: string): string {
  const span = Date.parse(end) - Date.parse(state.startedAt);
  return new Date(Date.parse(end) + Math.max(span * 0.14, 60_000)).toISOString();
}

function scaleOf(state: IncidentState, stretches: Stretch[], asOf: string): Scale {
  const downtimes = [...state.assets.values()].flatMap((asset) => downtimeIntervals(state, asset, asOf));
  const from = Math.min(
    Date.parse(state.startedAt),
    ...stretches.map((s) => s.from),
    ...downtimes.map((d) => Date.parse(d.from)),
  );
  const end = Math.max(from, ...stretches.map((s) => s.to), ...downtimes.map((d) => Date.parse(d.until)));
  const to = Math.max(end, from + 60_000);
  const x = (instant: number) =>
    PLOT.left + (PLOT.width * (Math.min(Math.max(instant, from), to) - from)) / (to - from);
  return { from, to, x };
}

const MINUTES = 60_000;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 7 * 1440, 14 * 1440, 28 * 1440].map(
  (minutes) => minutes * MINUTES,
);
const TICKS_AT_MOST = 8;

/** Round UTC times, as many as fit; dates stand under the first tick and wherever the day changes. */
function axis(scale: Scale, height: number): string {
  const span = scale.to - scale.from;
  const step =
    STEPS.find((candidate) => span / candidate <= TICKS_AT_MOST) ??
    Math.ceil(span / TICKS_AT_MOST / STEPS.at(-1)!) * STEPS.at(-1)!;
  const start = new Date(scale.from).toISOString();
  const parts: string[] = [
    label(`UTC, from ${utcShortDate(start)} ${utcTime(start)}`, 14, {
      "font-size": 12,
      "fill-opacity": 0.75,
    }),
  ];
  let day = "";
  for (let at = Math.ceil(scale.from / step) * step; at <= scale.to; at += step) {
    const instant = new Date(at).toISOString();
    const x = round(scale.x(at));
    parts.push(
      element("line", {
        x1: x,
        x2: x,
        y1: 32,
        y2: height - 6,
        stroke: "currentColor",
        "stroke-opacity": 0.14,
      }),
    );
    if (step < 1440 * MINUTES)
      parts.push(element("text", { x, y: 14, "text-anchor": "middle" }, utcTime(instant)));
    if (instant.slice(0, 10) !== day) {
      day = instant.slice(0, 10);
      parts.push(
        element(
          "text",
          { x, y: 29, "text-anchor": "middle", "font-size": 11, "fill-opacity": 0.75 },
          utcShortDate(instant),
        ),
      );
    }
  }
  return parts.join("\n");
}

/** Rows under one another: each lane draws itself from y = 0. */
function stack(lanes: string[], top: number, heights: number[]): string[] {
  let y = top;
  return lanes.map((lane, index) => {
    const placed = element("g", { transform: `translate(0 ${y})` }, lane);
    y += heights[index]!;
    return placed;
  });
}

function bandLane(stretches: Stretch[], scale: Scale): string {
  const parts = stretches.map(({ mood, from, to }) => {
    const { fill, ink, word } = COLOURS[mood];
    const x = scale.x(from);
    const width = Math.max(1.5, scale.x(to) - x);
    const box = element(
      "rect",
      { x: round(x), y: 4, width: round(width), height: BAND.height, fill },
      title(`${word}: ${span(from, to)}`),
    );
    if (width < word.length * CHARACTER_WIDTH + 8) return box;
    return (
      box +
      element(
        "text",
        { x: round(x + width / 2), y: 24, "text-anchor": "middle", "font-weight": 600, fill: ink },
        word,
      )
    );
  });
  const [first, last] = [stretches[0], stretches.at(-1)];
  const [left, right] = first && last ? [scale.x(first.from), scale.x(last.to)] : [0, 0];
  const box = { x: round(left), y: 4, width: round(Math.max(1.5, right - left)), height: BAND.height };
  const outline = first ? element("rect", { ...box, fill: "none", ...OUTLINE }) : "";
  return label("State", 24, { "font-weight": 600 }) + parts.join("") + outline;
}

/** Each state with its whole length in words: a stretch of six minutes in a week is too narrow to carry its name. */
function legend(stretches: Stretch[]): { svg: string; height: number } {
  const lengths = Map.groupBy(stretches, ({ mood }) => mood);
  const glow = stretches.at(-1)?.mood === "resolved" ? stretches.at(-1) : undefined;
  let [x, row] = [PLOT.left, 0];
  const items = [...lengths].map(([mood, of]) => {
    const length = of.filter((stretch) => stretch !== glow).reduce((sum, { from, to }) => sum + to - from, 0);
    // Only the end of the picture: it is wide enough to carry its name.
    if (length === 0) return "";
    const words = `${COLOURS[mood].word} ${formatDuration(length)}`;
    const width = 17 + words.length * CHARACTER_WIDTH + 14;
    if (x + width > WIDTH) [x, row] = [PLOT.left, row + 1];
    const y = row * LEGEND_ROW;
    const item =
      element("rect", { x, y: y + 3, width: 11, height: 11, rx: 2, fill: COLOURS[mood].fill, ...OUTLINE }) +
      element("text", { x: x + 17, y: y + 13, "font-size": 12 }, words);
    x = round(x + width);
    return item;
  });
  return { svg: items.join(""), height: (row + 1) * LEGEND_ROW };
}

/**
 * How many alerts fired when, in columns, so that a storm of thousands is still a small picture. Behind it is how many
 * alerts there are, as the report has it: one may fire often, and what another incident brought fired there.
 */
function alertLane(state: IncidentState, entries: TimelineEntry[], scale: Scale): string {
  const alerts = entries.filter((entry) => entry.kind === "alert_attached" || entry.kind === "alert_refired");
  const width = 5;
  const columns = Map.groupBy(alerts, (entry) =>
    Math.floor((scale.x(Date.parse(entry.at)) - PLOT.left) / width),
  );
  const most = Math.max(1, ...[...columns.values()].map((column) => column.length));
  const bars = [...columns].map(([column, of]) => {
    const height = round(4 + (24 * of.length) / most);
    const place = {
      x: round(PLOT.left + column * width),
      y: round(33 - height),
      width: width - 1,
      height,
      fill: BROKEN,
    };
    const first = utcDateTime(of[0]!.at);
    return element(
      "rect",
      place,
      title(of.length === 1 ? `${first}: ${of[0]!.text}` : `${of.length} alerts from ${first}`),
    );
  });
  return [
    label("Alerts", 28, { "font-weight": 600 }),
    baseline(33),
    ...bars,
    value(plural(state.alerts.total, "alert"), 28),
  ].join("");
}

/** What people did; marks too close to tell apart become one with a number. */
function peopleLane(entries: TimelineEntry[], scale: Scale): string {
  const acts = entries.filter(
    (entry) =>
      entry.via !== "alert" &&
      entry.via !== "clock" &&
      entry.kind !== "thread_opened" &&
      entry.kind !== "runbook_suggested",
  );
  const within = acts.filter(
    (entry) => Date.parse(entry.at) >= scale.from && Date.parse(entry.at) <= scale.to,
  );
  const groups: { x: number; entries: TimelineEntry[] }[] = [];
  for (const entry of within) {
    const x = scale.x(Date.parse(entry.at));
    const last = groups.at(-1);
    if (last && x - last.x < 15) last.entries.push(entry);
    else groups.push({ x, entries: [entry] });
  }
  const marks = groups.map(({ x, entries: of }) => {
    const said = of.slice(0, 6).map((entry) => `${utcTime(entry.at)} ${entry.actor}: ${entry.text}`);
    if (of.length > said.length) said.push(`and ${of.length - said.length} more`);
    const dot = element(
      "circle",
      { cx: round(x), cy: 20, r: of.length > 1 ? 8.5 : 5, fill: "#6464b4" },
      title(said.join("\n")),
    );
    if (of.length === 1) return dot;
    return (
      dot +
      element(
        "text",
        { x: round(x), y: 24, "text-anchor": "middle", "font-size": 11, "font-weight": 600, fill: "#ffffff" },
        String(of.length),
      )
    );
  });
  return [
    label("People", 24, { "font-weight": 600 }),
    baseline(20),
    ...marks,
    value(plural(within.length, "entry", "entries"), 24),
  ].join("");
}

function assetLane(state: IncidentState, asset: AssetState, scale: Scale, asOf: string): string {
  const waived = asset.recovery === "waived";
  const intervals = downtimeIntervals(state, asset, asOf);
  const lasts = isFinished(state) ? "" : ", still wrong";
  const bars = intervals.map(({ from, to, until }) => {
    const [start, end] = [Date.parse(from), Date.parse(until)];
    const x = scale.x(start);
    const width = Math.max(2, scale.x(end) - x);
    const box = {
      x: round(x),
      y: 5,
      width: round(width),
      height: 15,
      rx: 2,
      fill: waived ? GIVEN_UP : BROKEN,
    };
    const bar = element(
      "rect",
      box,
      title(`${asset.asset.name}: ${span(start, end)}${to === null ? lasts : ""}`),
    );
    if (!waived || width < 60) return bar;
    return (
      bar +
      element(
        "text",
        {
          x: round(x + width / 2),
          y: 16.5,
          "text-anchor": "middle",
          "font-size": 11,
          "font-weight": 600,
          fill: "#ffffff",
        },
        "waived",
      )
    );
  });
  const name = element(
    "text",
    { x: 0, y: 17 },
    title(`${asset.asset.namespace}/${asset.asset.name}`) +
      escapeXml(ending(asset.asset.name, LABEL_WIDTH - 8)),
  );
  const length = intervals.length > 0 ? formatDuration(downtime(state, asset, asOf)) : "none";
  return [name, baseline(20), ...bars, value(length, 17)].join("");
}

function describe(state: IncidentState, stretches: Stretch[], assets: number): string {
  const told = stretches.map(({ mood, from, to }, index) => {
    const word = COLOURS[mood].word.toLowerCase();
    const glow = mood === "resolved" && index === stretches.length - 1;
    return glow
      ? `${word} at ${utcDateTime(new Date(from).toISOString())}`
      : `${word} for ${formatDuration(to - from)}`;
  });
  // Nothing took any time where the clock was set back.
  const course = told.length > 0 ? `: ${told.join(", ")}` : "";
  return `${state.key} over time, from ${utcDateTime(state.startedAt)}${course}. ${plural(assets, "asset")} affected.`;
}

function span(from: number, to: number): string {
  const [start, end] = [new Date(from).toISOString(), new Date(to).toISOString()];
  return `${utcDateTime(start)} to ${utcDateTime(end)} (${formatDuration(elapsed(start, end) ?? 0)})`;
}

function label(text: string, y: number, attributes: Record<string, string | number>): string {
  return element("text", { x: 0, y, ...attributes }, escapeXml(text));
}

function value(text: string, y: number): string {
  return element(
    "text",
    { x: WIDTH, y, "text-anchor": "end", "font-size": 12, "fill-opacity": 0.8 },
    escapeXml(text),
  );
}

function baseline(y: number): string {
  return element("line", {
    x1: PLOT.left,
    x2: PLOT.right,
    y1: y,
    y2: y,
    stroke: "currentColor",
    "stroke-opacity": 0.22,
  });
}

function title(text: string): string {
  return element("title", {}, escapeXml(text));
}

/** The end of a name that is too wide, since that is where two tables of one schema differ. */
function ending(name: string, room: number): string {
  const characters = Array.from(name);
  let from = characters.length;
  for (let left = room; from > 0; from--) {
    left -= widthOf(characters[from - 1]!);
    if (left < 0) break;
  }
  if (from === 0) return name;
  // One more gives way to the dots.
  const kept = characters.slice(from + 1).join("");
  return `…${kept.replace(/^[._/-]+/, "")}`;
}

/** How wide a character of a name is at most, among the fonts that readers have: what is under a bar cannot be read. */
function widthOf(character: string): number {
  if (character >= "\u2e80") return 13;
  return /[\p{Lu}mw@%]/u.test(character) ? 10.5 : 7.3;
}

function round(n: number): number {
  return Math.round(n * 10) / 10;
}

/** `content` is markup: text in it has gone through `escapeXml`. */
function element(name: string, attributes: Record<string, string | number>, content = ""): string {
  const written = Object.entries(attributes).map(([key, entry]) => ` ${key}="${escapeXml(String(entry))}"`);
  return content === ""
    ? `<${name}${written.join("")}/>`
    : `<${name}${written.join("")}>${content}</${name}>`;
}

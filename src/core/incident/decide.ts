import { Refusal } from "../refusal.ts";
import { type AlertSeverity, clip } from "../signal/alert.ts";
import { type Asset, assetId } from "../signal/asset.ts";
import type { AlertNews, Asked, Command } from "./command.ts";
import { type EventBody, type NewEvent, SEVERITIES, type Severity } from "./events.ts";
import { canonicalJson } from "./log.ts";
import { actorName, type Person } from "./person.ts";
import {
  type AssetState,
  assetsInOrder,
  clockOf,
  currentStep,
  type IncidentState,
  isCause,
  isOpen,
  notedChanges,
  type Phase,
  suspectsNow,
  unsettledAssets,
  type Walk,
  walkIn,
} from "./state.ts";

/** A sender's level as an incident severity: critical → SEV1, error → SEV2, warning → SEV3, info → SEV4. */
export function severityOf(level: AlertSeverity): Severity {
  return SEVERITIES[["critical", "error", "warning", "info"].indexOf(level)]!;
}

/**
 * Decides what a command does to an incident: the events to append, possibly none (already so), or a Refusal that says
 * why and what to do instead. Pure: the moment and the asker come in with `asked`. `state` is null only for `open`.
 */
export function decide(state: IncidentState | null, command: Command, asked: Asked): NewEvent[] {
  if (command.type === "open") {
    if (state) throw new Refusal("conflict", `${state.key} is already open.`);
    return opening(command);
  }
  if (!state) throw new Refusal("not_found", "There is no such incident. `list` shows the open ones.");
  return decideOn(state, command, asked).map((event) =>
    "body" in event ? event : inOrder(state, event, asked.now),
  );
}

/** Phases follow one another, also where the clock of the machine was set back in between. */
function inOrder(state: IncidentState, body: EventBody, now: string): NewEvent {
  if (body.type !== "acknowledged" && body.type !== "mitigated" && body.type !== "resolved") return { body };
  const { detectedAt, acknowledgedAt, mitigatedAt } = state;
  const before = [detectedAt, acknowledgedAt, mitigatedAt].flatMap((at) => at ?? []).sort();
  const last = before.at(-1)!;
  return last > now ? { body, at: last } : { body };
}

function decideOn(
  state: IncidentState,
  command: Exclude<Command, { type: "open" }>,
  asked: Asked,
): (EventBody | NewEvent)[] {
  switch (command.type) {
    case "record_thread":
      if (state.thread) return [];
      return [
        { type: "thread_opened", channel: command.channel, ts: command.ts, permalink: command.permalink },
      ];
    case "alert_fired":
      return alertFired(state, command.alert);
    case "alert_fires_on":
      requireOpen(state, "take note of an alert");
      return [...widened(state, command.alert), ...raised(state, command.alert)];
    case "alert_passed":
      return alertPassed(state, command.alert);
    case "count_runs":
      return runsPassed(state, command.runs);
    case "begin_flapping":
      requireOpen(state, "hold an alert");
      return flaps(state, command.fingerprint) ? [] : [{ ...command, type: "flapping_began" }];
    case "end_flapping": {
      const { alert, status } = command;
      const { fingerprint, title } = alert;
      if (!flaps(state, fingerprint)) return [];
      const ended: EventBody = { type: "flapping_ended", fingerprint, title, status };
      return status === "resolved" ? [ended, ...alertPassed(state, alert)] : [ended];
    }
    case "hold_alert":
      requireOpen(state, "hold an alert");
      return [{ ...command, type: "alert_held" }];
    case "release_alert":
      return [{ ...command, type: "alert_released" }];
    case "note_silence":
      requireUnmerged(state);
      return [{ ...command, type: "silence_set" }];
    case "note_silence_end":
      return state.phase === "merged" ? [] : [{ ...command, type: "silence_ended" }];
    case "find_origin": {
      if (state.roots.length === 1 && assetId(state.roots[0]!) === assetId(command.asset)) return [];
      const events: EventBody[] = [{ ...command, type: "origin_found" }];
      // The title names what broke first, until a person says better.
      if (!state.titleSetByPerson && state.title !== command.title)
        events.push({ type: "title_changed", title: command.title });
      return events;
    }
    case "move_alerts":
      requireOpen(state, "move alerts");
      return [{ ...command, type: "alerts_moved" }];
    case "receive_alerts":
      requireOpen(state, "take alerts in");
      return [{ ...command, type: "alerts_received" }];
    case "acknowledge":
      if (command.since !== undefined) return acknowledgedSince(state, command.since);
      requirePhase(state, ["triggered", "acknowledged"], "acknowledge");
      if (state.phase === "acknowledged") {
        throw new Refusal(
          "conflict",
          `${state.key} was already acknowledged by ${actorName(state.acknowledgedBy!)}.`,
        );
      }
      return [
        { type: "acknowledged" },
        ...(command.note === undefined ? [] : [{ type: "noted" as const, text: command.note }]),
      ];
    case "unacknowledge":
      requirePhase(state, ["acknowledged"], "unacknowledge");
      return [{ type: "unacknowledged", reason: command.reason }];
    case "mitigate":
      return mitigate(state, command.text);
    case "restore":
      return restore(state, command.assets, command.reason);
    case "waive":
      requireUnmerged(state);
      return assetsNamed(state, command.assets).map((a) => ({
        type: "asset_waived",
        asset: a.asset,
        reason: command.reason,
      }));
    case "add_assets":
      requireOpen(state, "add an asset");
      return [...new Map(command.assets.map((asset) => [assetId(asset), asset]))]
        .filter(([id]) => state.assets.get(id)?.recovery !== "impacted")
        .map(([id, asset]) => {
          if (!state.assets.has(id)) return { type: "asset_added", asset, reason: command.reason };
          const reason = command.reason ?? "somebody saw it";
          return { type: "asset_impacted", asset, brokenAt: asked.now, reason };
        });
    case "resolve":
      return resolve(state, command.text);
    case "reopen":
      requirePhase(state, ["resolved", "closed", "cancelled"], "reopen");
      return [{ type: "reopened", reason: command.reason }, ...brokenStill(state, asked.now)];
    case "close":
      requirePhase(state, ["resolved"], "close");
      return [{ type: "closed", reason: command.reason }];
    case "cancel":
      requireOpen(state, "cancel");
      return [{ type: "cancelled", reason: command.reason }];
    case "merge_into":
      requireOpen(state, "merge");
      if (command.into === state.key)
        throw new Refusal(
          "invalid",
          `${state.key} cannot be merged into itself. \`list\` shows the other open ones.`,
        );
      return [{ type: "merged", into: command.into, reason: command.reason }];
    case "absorb":
      requireOpen(state, "take another incident in");
      return [{ ...command, type: "absorbed" }];
    case "assign_role":
      if (holds(state, command.role, command.person)) return [];
      requireUnmerged(state);
      return [{ type: "role_assigned", role: command.role, person: command.person }];
    case "clear_role":
      if (!Object.hasOwn(state.roles, command.role)) return [];
      requireUnmerged(state);
      return [{ type: "role_cleared", role: command.role }];
    case "set_severity":
      requireUnmerged(state);
      if (state.severity === command.severity)
        throw new Refusal("conflict", `${state.key} is already ${command.severity}.`);
      return [
        { type: "severity_changed", from: state.severity, to: command.severity, reason: command.reason },
      ];
    case "set_title":
      requireUnmerged(state);
      return state.title === command.title ? [] : [{ type: "title_changed", title: command.title }];
    case "set_summary":
      requireUnmerged(state);
      return [{ type: "summary_set", text: command.text }];
    case "set_started_at":
      requireUnmerged(state);
      if (command.startedAt > state.detectedAt) {
        throw new Refusal(
          "invalid",
          `The data cannot have broken after it was noticed (${state.detectedAt}). Give an earlier time.`,
        );
      }
      return [{ type: "started_at_set", startedAt: command.startedAt, reason: command.reason }];
    case "post_status":
      requireUnmerged(state);
      return [{ type: "status_posted", text: command.text }];
    case "note":
      if (command.at !== null && command.at > asked.now)
        throw new Refusal(
          "invalid",
          "A note cannot be about the future. Leave the time out or give a past one.",
        );
      return [{ body: { type: "noted", text: command.text }, at: command.at ?? asked.now }];
    case "pin":
      if (state.pins[command.messageTs] !== undefined) return [];
      return [
        {
          body: { type: "pinned", messageTs: command.messageTs, author: command.author, text: command.text },
          at: command.at,
        },
      ];
    case "unpin":
      return state.pins[command.messageTs] === undefined
        ? []
        : [{ type: "unpinned", messageTs: command.messageTs }];
    case "edit_pin": {
      const seq = state.pins[command.messageTs];
      if (seq === undefined || state.entries[seq]?.text === command.text) return [];
      return [{ type: "pin_edited", messageTs: command.messageTs, text: command.text }];
    }
    case "delete_pin":
      return state.pins[command.messageTs] === undefined
        ? []
        : [{ type: "pin_deleted", messageTs: command.messageTs }];
    case "edit_entry":
      return editEntry(state, command.seq, command.text, command.at, asked.now);
    case "hide_entry":
      return entryOf(state, command.seq).hidden
        ? []
        : [{ type: "entry_hidden", seq: command.seq, reason: command.reason }];
    case "suggest_runbooks":
      return command.runbooks.length === 0 ? [] : [{ type: "runbook_suggested", runbooks: command.runbooks }];
    case "start_runbook":
      return startRunbook(state, command);
    case "finish_step":
      return finishStep(state, command);
    case "step_back":
      return stepBack(state, command.runbook, command.step);
    case "add_task":
      return [
        {
          type: "task_added",
          task: state.tasks.length + 1,
          text: command.text,
          owner: command.owner,
          due: command.due,
        },
      ];
    case "finish_task": {
      const task = state.tasks.find((t) => t.task === command.task);
      if (!task)
        throw new Refusal(
          "not_found",
          `${state.key} has no action item ${command.task}. \`tasks\` lists them.`,
        );
      return task.doneAt ? [] : [{ type: "task_done", task: task.task }];
    }
    case "add_link":
      return state.links.some((l) => l.url === command.link.url)
        ? []
        : [{ type: "link_added", link: command.link }];
    case "link_change":
      return [{ type: "change_linked", text: command.text, url: command.url, changedAt: command.changedAt }];
    case "suspect_changes": {
      const { suspects } = command;
      // Looked at by the clock, so what is over is left alone rather than refused.
      if (!isOpen(state.phase) && state.phase !== "resolved") return [];
      return canonicalJson(suspects) === canonicalJson(suspectsNow(state))
        ? []
        : [{ type: "changes_suspected", suspects }];
    }
    case "name_cause":
      return command.noted ? nameNotedCause(state, command.number) : nameCause(state, command.number);
    case "tell_similar":
      if (command.incidents.length === 0 || state.similar.length > 0) return [];
      return [{ type: "similar_found", incidents: command.incidents }];
    case "write_review": {
      const statements = command.append
        ? [...state.review[command.section], ...command.statements]
        : command.statements;
      return [{ type: "review_written", section: command.section, statements }];
    }
    case "record_export":
      return [{ type: "postmortem_exported", format: command.format }];
    default:
      return command satisfies never;
  }
}

function opening(command: Extract<Command, { type: "open" }>): NewEvent[] {
  const { assets, summary, type: _, ...opened } = command;
  const bodies: EventBody[] = [{ type: "opened", ...opened }];
  if (summary) bodies.push({ type: "summary_set", text: summary });
  for (const asset of assets)
    bodies.push({ type: "asset_added", asset, reason: "named when the incident was declared" });
  return bodies.map((body) => ({ body }));
}

const PHASE_WORDS: Record<Phase, string> = {
  triggered: "not acknowledged yet",
  acknowledged: "acknowledged",
  mitigated: "mitigated",
  resolved: "resolved",
  closed: "closed",
  merged: "merged into another incident",
  cancelled: "cancelled",
};

function requirePhase(state: IncidentState, phases: Phase[], verb: string): void {
  if (phases.includes(state.phase)) return;
  const next =
    state.phase === "merged"
      ? `Use ${state.mergedInto} instead.`
      : isOpen(state.phase)
        ? nextStep(state)
        : state.phase === "resolved" || state.phase === "closed" || state.phase === "cancelled"
          ? `\`reopen ${state.key} <reason>\` opens it again.`
          : "";
  throw new Refusal(
    "wrong_state",
    `Cannot ${verb}: ${state.key} is ${PHASE_WORDS[state.phase]}. ${next}`.trim(),
  );
}

/** Of an incident that is open. */
function nextStep(state: IncidentState): string {
  if (state.phase === "triggered") return `\`ack ${state.key}\` takes it.`;
  if (state.phase === "acknowledged")
    return `Once the cause is stopped, \`mitigate ${state.key} <what was done>\`.`;
  return unsettledAssets(state).length > 0
    ? `Once its data is right again, \`restored ${state.key} <asset>\`.`
    : `\`resolve ${state.key} <what fixed it>\` ends it.`;
}

function requireOpen(state: IncidentState, verb: string): void {
  requirePhase(state, ["triggered", "acknowledged", "mitigated"], verb);
}

function requireUnmerged(state: IncidentState): void {
  if (state.phase === "merged")
    throw new Refusal("wrong_state", `${state.key} was merged. Use ${state.mergedInto} instead.`);
}

function alertFired(
  state: IncidentState,
  alert: Extract<Command, { type: "alert_fired" }>["alert"],
): EventBody[] {
  const events: EventBody[] = [];
  if (state.phase === "resolved") events.push({ type: "reopened", reason: alert.reason });
  else requireOpen(state, "attach an alert");
  const { known, routed: _, further: __, ...news } = alert;
  switch (known) {
    case "never":
      events.push({ type: "alert_attached", ...news });
      break;
    case "resolved": {
      const { fingerprint, title, assets, impacted, brokenAt, reason, recovery } = news;
      const said = { ...(recovery ? { recovery } : {}), ...(impacted.length > 0 ? { impacted } : {}) };
      const again = {
        fingerprint,
        title,
        assets,
        brokenAt,
        reason,
        ...said,
        ...rootsOf(state, alert, assets),
      };
      events.push({ type: "alert_refired", ...again });
      events.push(...brokenAgain(state, [...assets, ...impacted], alert), ...gathered(alert));
      break;
    }
    case "firing":
      events.push(...brokenAgain(state, namedBefore(alert), alert), ...widened(state, alert));
      break;
    default:
      known satisfies never;
  }
  return [...events, ...raised(state, alert)];
}

/** What an alert that fires on says beside what it said before. Data that is hurt is news only where nobody knew of it. */
function widened(state: IncidentState, alert: AlertNews): EventBody[] {
  const { fingerprint, title, reason, further } = alert;
  const { assets, brokenAt } = further ?? { assets: [], brokenAt: alert.brokenAt };
  const named = new Set(assets.map(assetId));
  const impacted = alert.impacted.filter(
    (each) => !state.assets.has(assetId(each)) && !named.has(assetId(each)),
  );
  if (assets.length === 0 && impacted.length === 0) return gathered(alert);
  return [
    {
      type: "alert_widened",
      fingerprint,
      title,
      assets,
      impacted,
      brokenAt,
      ...rootsOf(state, alert, assets),
    },
    ...brokenAgain(state, assets, { brokenAt, reason }),
    ...gathered(alert),
  ];
}

/** An incident is about the first data that an alert names, where it was about none. */
function rootsOf(state: IncidentState, { roots }: AlertNews, assets: Asset[]): { roots?: Asset[] } {
  const about = roots ?? (state.roots.length === 0 ? assets.slice(0, 1) : []);
  return about.length > 0 ? { roots: about } : {};
}

function namedBefore({ assets, further }: AlertNews): Asset[] {
  const fresh = new Set(further?.assets.map(assetId));
  return assets.filter((asset) => !fresh.has(assetId(asset)));
}

function gathered({ fingerprint, groupingKeys = [] }: AlertNews): EventBody[] {
  return groupingKeys.length === 0 ? [] : [{ type: "keys_added", fingerprint, groupingKeys }];
}

/** Alerts raise a severity that nobody chose, and never lower one. */
function raised(state: IncidentState, alert: AlertNews): EventBody[] {
  const { severity, reason } = alert.routed ?? { severity: severityOf(alert.severity), reason: null };
  if (severity >= state.severity || state.severitySetByPerson) return [];
  const words =
    reason ?? `an alert of level ${alert.severity} ${alert.known === "never" ? "joined" : "fires"}`;
  return [{ type: "severity_changed", from: state.severity, to: severity, reason: words }];
}

/** An alert fails anew: people are told which data it was that they had proven right or given up on. */
function brokenAgain(
  state: IncidentState,
  assets: Asset[],
  { brokenAt, reason }: Pick<AlertNews, "brokenAt" | "reason">,
): EventBody[] {
  const settled = assets.filter((asset) => {
    const recovery = state.assets.get(assetId(asset))?.recovery;
    return recovery === "verified" || recovery === "waived";
  });
  return settled.map((asset) => ({ type: "asset_impacted", asset, brokenAt, reason }));
}

/** Data on which alerts fire was proven by somebody's word, and it is not over by another's. */
function brokenStill(state: IncidentState, now: string): EventBody[] {
  const doubted = assetsInOrder(state).filter(
    ({ recovery, firing }) => recovery === "verified" && firing > 0,
  );
  return doubted.map(({ asset }) => ({
    type: "asset_impacted",
    asset,
    brokenAt: now,
    reason: "its alerts still fire",
  }));
}

function alertPassed(
  state: IncidentState,
  alert: Extract<Command, { type: "alert_passed" }>["alert"],
): EventBody[] {
  if (alert.known !== "firing") return [];
  const { fingerprint, title, assets } = alert;
  const events: EventBody[] = [{ type: "alert_resolved", fingerprint, title, assets }];
  for (const asset of assets) {
    const known = state.assets.get(assetId(asset));
    // The last alert on it passing is a sign, not a proof: a person or a later check verifies the data.
    if (known?.recovery === "impacted" && known.firing <= 1) {
      events.push({ type: "asset_recovering", asset, reason: "its alerts have resolved" });
    }
  }
  return events;
}

function flaps(state: IncidentState, fingerprint: string): boolean {
  return Object.hasOwn(state.flapping, fingerprint);
}

/** Whether it is time to ask for an end, or to end it: once for each time that all of it passes. */
function runsPassed(state: IncidentState, runs: number): EventBody[] {
  const { passes } = state.recovery;
  if (!isOpen(state.phase) || state.alerts.firing > 0 || runs <= state.runs) return [];
  if (runs < passes) return [{ type: "run_passed", runs, of: passes }];
  if (state.runs >= passes) return [];
  return [{ type: "checks_passed", runs }, ...resolveByItself(state, runs)];
}

/** Never where a person has acted, who may know more than the checks, nor over an alert that is held back. */
function resolveByItself(state: IncidentState, runs: number): EventBody[] {
  const { autoResolve, rules } = state.recovery;
  if (!autoResolve || state.touchedByPerson || state.alerts.held > 0) return [];
  const passed = runs === 1 ? "its checks passed" : `its checks passed ${runs} runs in a row`;
  const named = rules.map((rule) => `“${rule}”`).join(", ");
  return [
    ...unsettledAssets(state).map(
      ({ asset }): EventBody => ({ type: "asset_verified", asset, reason: passed }),
    ),
    { type: "resolved", text: `${passed} (${rules.length === 1 ? "rule" : "rules"} ${named})` },
  ];
}

function mitigate(state: IncidentState, text: string): EventBody[] {
  requirePhase(state, ["triggered", "acknowledged"], "mitigate");
  const events: EventBody[] = [];
  if (state.phase === "triggered") events.push({ type: "acknowledged" });
  events.push({ type: "mitigated", text });
  for (const known of assetsInOrder(state)) {
    if (known.recovery === "impacted" && known.firing === 0) {
      events.push({ type: "asset_recovering", asset: known.asset, reason: "the cause is fixed" });
    }
  }
  return events;
}

/** Own keys only: a role may be called `constructor`. */
function holds(state: IncidentState, role: string, person: Person): boolean {
  const held = Object.hasOwn(state.roles, role) ? state.roles[role] : null;
  return held?.id === person.id && held.name === person.name;
}

/** The assets people mean by the names they typed, refused with what there is to choose from. */
export function assetsNamed(state: IncidentState, names: string[]): AssetState[] {
  const all = assetsInOrder(state);
  if (names.length === 0) return unsettledAssets(state);
  const meant = names.map((name) => {
    const exact = all.filter((a) => assetId(a.asset) === name || a.asset.name === name);
    const matches =
      exact.length > 0
        ? exact
        : all.filter(
            (a) => a.asset.name.split(".").at(-1) === name.split(".").at(-1) && a.asset.name.endsWith(name),
          );
    if (matches.length === 1) return matches[0]!;
    // Two of one name, in two places, are told apart by the whole id only.
    const alike = new Set(matches.map((a) => a.asset.name)).size < matches.length;
    const choice = (matches.length > 1 ? matches : all)
      .slice(0, 5)
      .map((a) => `\`${alike ? assetId(a.asset) : a.asset.name}\``);
    throw new Refusal(
      "not_found",
      matches.length > 1
        ? `\`${name}\` could be ${choice.join(" or ")}. Write the full name.`
        : `${state.key} has no asset \`${name}\`. ${choice.length ? `It has ${choice.join(", ")}.` : "It has none yet."}`,
    );
  });
  return [...new Set(meant)];
}

function restore(state: IncidentState, names: string[], reason: string | null): EventBody[] {
  requireUnmerged(state);
  const assets = assetsNamed(state, names);
  if (assets.length === 0) throw new Refusal("conflict", `No data is left to recover in ${state.key}.`);
  const firing = assets.filter((a) => a.firing > 0);
  if (firing.length > 0 && !reason) {
    throw new Refusal(
      "blocked",
      `Alerts still fire on ${list(firing)}. Wait until they pass, or say how you know the data is right: \`restored ${firing[0]!.asset.name} <reason>\`.`,
    );
  }
  return assets
    .filter((a) => a.recovery !== "verified")
    .map((a) => ({ type: "asset_verified", asset: a.asset, reason }));
}

function resolve(state: IncidentState, text: string): EventBody[] {
  requireOpen(state, "resolve");
  const left = unsettledAssets(state);
  if (left.length > 0) {
    throw new Refusal(
      "blocked",
      `${state.key} cannot be resolved while data is still wrong or unproven: ${list(left)}. Press *Data recovered* or type \`restored <asset>\` when it is right again, or \`waive <asset> <reason>\`.`,
    );
  }
  return [{ type: "resolved", text }];
}

function list(assets: AssetState[]): string {
  const names = assets.slice(0, 5).map((a) => `\`${a.asset.name}\` (${a.recovery})`);
  return assets.length > 5 ? `${names.join(", ")} and ${assets.length - 5} more` : names.join(", ");
}

/** Nothing where it was acknowledged earlier, and never before it was noticed. */
function acknowledgedSince(state: IncidentState, since: string): NewEvent[] {
  const at = since < state.detectedAt ? state.detectedAt : since;
  if (state.acknowledgedAt !== null && state.acknowledgedAt <= at) return [];
  return [{ body: { type: "acknowledged" }, at }];
}

function entryOf(state: IncidentState, seq: number) {
  const entry = state.entries[seq];
  if (!entry)
    throw new Refusal(
      "not_found",
      `${state.key} has no entry ${seq} that can be changed. \`timeline\` shows the numbers; notes, pins, status updates and state changes can be edited.`,
    );
  return entry;
}

/** A clock moved by an edit must keep the order of the incident's clocks. */
function requireOrder(state: IncidentState): void {
  const order: [string, string | null][] = [
    ["detected", state.detectedAt],
    ["acknowledged", state.acknowledgedAt],
    ["mitigated", state.mitigatedAt],
    ["resolved", state.resolvedAt],
  ];
  const clocks = order.filter((clock): clock is [string, string] => clock[1] !== null);
  for (const [i, [later, at]] of clocks.entries()) {
    const [earlier, before] = clocks[i - 1] ?? [later, at];
    if (at < before)
      throw new Refusal(
        "invalid",
        `${state.key} cannot be ${later} (${at}) before it was ${earlier} (${before}).`,
      );
  }
}

function editEntry(
  state: IncidentState,
  seq: number,
  text: string | null,
  at: string | null,
  now: string,
): EventBody[] {
  const entry = entryOf(state, seq);
  if (at !== null) {
    if (at > now) throw new Refusal("invalid", "An entry cannot lie in the future. Give a past time.");
    const clock = clockOf(state, entry);
    if (clock) requireOrder({ ...state, [clock]: at });
  }
  const newText = text !== null && text !== entry.text ? text : null;
  const newAt = at !== null && at !== entry.at ? at : null;
  return newText === null && newAt === null ? [] : [{ type: "entry_edited", seq, text: newText, at: newAt }];
}

function nameCause(state: IncidentState, number: number): EventBody[] {
  const suspect = state.suspects.find((each) => each.number === number);
  if (!suspect) {
    const known = state.suspects.length;
    const listed =
      known === 0
        ? `It lists none. ${notedInWords(state)}`
        : known === 1
          ? "It lists only 1."
          : `It lists 1 to ${known}.`;
    throw new Refusal("not_found", `${state.key} has no suspected change ${number}. ${listed}`);
  }
  const { change, title, url, at } = suspect;
  return isCause(state, change) ? [] : [{ type: "cause_named", change, text: title, url, changedAt: at }];
}

function nameNotedCause(state: IncidentState, number: number): EventBody[] {
  const noted = notedChanges(state)[number - 1];
  if (!noted)
    throw new Refusal("not_found", `${state.key} has no noted change ${number}. ${notedInWords(state)}`);
  const { change, text, url, changedAt, cause } = noted;
  return cause ? [] : [{ type: "cause_named", change, text, url, changedAt }];
}

function notedInWords(state: IncidentState): string {
  const noted = notedChanges(state).map(
    ({ text }, i) => `“${clip(text, 80)}”: \`change cause noted ${i + 1}\``,
  );
  return noted.length === 0
    ? "`change <what changed>` notes one, and `change cause noted 1` then names it."
    : `People noted ${noted.slice(-5).join(", ")}.`;
}

function startRunbook(
  state: IncidentState,
  command: Extract<Command, { type: "start_runbook" }>,
): EventBody[] {
  // As on the walk's own buttons: what is resolved may still be walked to its end, what is closed is not begun.
  requirePhase(state, ["triggered", "acknowledged", "mitigated", "resolved"], "start a runbook");
  const walk = walkIn(state, command.runbook);
  if (walk && !walk.finishedAt) {
    const step = currentStep(walk);
    throw new Refusal(
      "conflict",
      `“${walk.title}” was already started by ${actorName(walk.startedBy)}${step ? ` and stands at step ${step.index + 1}: ${step.title}` : ""}.`,
    );
  }
  const { type: _, ...started } = command;
  return [{ type: "runbook_started", ...started }];
}

function walkFor(state: IncidentState, runbook: string | null): Walk {
  const walks = Object.values(state.walks);
  const running = walks.filter((w) => !w.finishedAt);
  const walk = runbook ? walkIn(state, runbook) : (running[0] ?? walks.at(-1));
  if (!walk)
    throw new Refusal(
      "not_found",
      `No runbook has been started in ${state.key}. Type \`runbook\` to see which fit.`,
    );
  if (!runbook && running.length > 1) {
    throw new Refusal(
      "invalid",
      `Several runbooks are under way: ${running.map((w) => `\`${w.runbook}\``).join(", ")}. Use the buttons of the one you mean.`,
    );
  }
  return walk;
}

function finishStep(state: IncidentState, command: Extract<Command, { type: "finish_step" }>): EventBody[] {
  const walk = walkFor(state, command.runbook);
  const step = currentStep(walk);
  if (!step)
    throw new Refusal("wrong_state", `“${walk.title}” is finished. \`runbook back\` reopens its last step.`);
  if (command.step !== null && command.step !== step.id) {
    const other = walk.steps.find((s) => s.id === command.step);
    const by = other?.result
      ? `${actorName(other.result.by)} already marked “${other.title}” ${other.result.outcome}.`
      : "That step is not the current one.";
    throw new Refusal("conflict", `${by} The walk stands at step ${step.index + 1}: ${step.title}.`);
  }
  const events: EventBody[] = [
    {
      type: "step_finished",
      runbook: walk.runbook,
      step: step.id,
      title: step.title,
      outcome: command.outcome,
      note: command.note,
    },
  ];
  if (step.index === walk.steps.length - 1) events.push({ type: "runbook_finished", runbook: walk.runbook });
  return events;
}

function stepBack(state: IncidentState, runbook: string | null, seen: string | null): EventBody[] {
  const walk = walkFor(state, runbook);
  const current = currentStep(walk);
  if (seen !== null && seen !== (current?.id ?? "")) {
    throw new Refusal(
      "conflict",
      `The walk has moved on: it stands at ${current ? `step ${current.index + 1}: ${current.title}` : "its end"}.`,
    );
  }
  const index = current ? current.index - 1 : walk.steps.length - 1;
  const step = walk.steps[index];
  if (!step) throw new Refusal("wrong_state", `“${walk.title}” is at its first step.`);
  return [{ type: "step_reopened", runbook: walk.runbook, step: step.id, title: step.title }];
}

import { documentHash } from "../core/correlate/lineage-document.ts";
import { type LineageStatement, mergeJobDocument } from "../core/correlate/lineage-statement.ts";
import { type ChangeOutcome, type ChangeSignal, changeId, learnChange } from "../core/signal/change.ts";
import type { Batch } from "./batch.ts";
import type { LineageOutcome } from "./ports.ts";

export async function learnLineage(
  batch: Batch,
  statements: LineageStatement[],
  now: string,
): Promise<LineageOutcome[]> {
  const outcomes: LineageOutcome[] = [];
  for (const statement of statements) {
    const { provider, key } = statement.document;
    const id = `${provider}\n${key}`;
    const before = batch.changes.lineage.get(id) ?? (await batch.ledger.lineageOf(provider, key));
    // A job tells its datasets event by event; everybody else says all at once.
    const document =
      provider === "openlineage" ? mergeJobDocument(before?.document ?? null, statement) : statement.document;
    const hash = documentHash(document);
    const same = before?.hash === hash;
    const version = same ? before.version : (before?.version ?? 0) + 1;
    // A project that says the same as yesterday is not written again; of a job it is also kept what its run has said.
    if (!same || provider === "openlineage")
      batch.changes.lineage.set(id, { document, version, hash, receivedAt: now });
    if (!same) batch.memory.stated.push(document);
    const outcome = same ? "unchanged" : before ? "updated" : "recorded";
    const { assets, edges } = document;
    outcomes.push({ provider, key, outcome, version, assets: assets.length, edges: edges.length });
  }
  return outcomes;
}

export async function learn(batch: Batch, changes: ChangeSignal[], now: string): Promise<ChangeOutcome[]> {
  const unread = [...new Set(changes.map(changeId))].filter((id) => !batch.changes.known.has(id));
  const stored = await batch.ledger.knownChanges(unread);
  return changes.map((change) => {
    const id = changeId(change);
    const before = batch.changes.known.get(id) ?? stored.get(id) ?? null;
    const { known, outcome } = learnChange(before, change, now);
    if (known !== before) {
      batch.changes.known.set(id, known);
      batch.aftermath.learned(known, now);
    }
    return outcome;
  });
}

import { hash } from "node:crypto";
import SQLite from "better-sqlite3";

export type FloorAlert = { labels: Record<string, string>; startsAt: string };

/** The least that remembers an alert: who it is, how often it came, and what came, in a log. */
export function floorRows(file: string) {
  const db = new SQLite(file);
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = FULL");
  db.exec(`
    create table alert (fingerprint text primary key, first_seen_at text, last_seen_at text, count integer);
    create table signal (id integer primary key, fingerprint text, received_at text, body text);
  `);
  const known = db.prepare(
    `insert into alert values (?, ?, ?, 1)
     on conflict (fingerprint) do update set last_seen_at = excluded.last_seen_at, count = count + 1`,
  );
  const came = db.prepare("insert into signal (fingerprint, received_at, body) values (?, ?, ?)");
  const commit = db.transaction((requests: FloorAlert[][]) => {
    const now = new Date().toISOString();
    for (const alert of requests.flat()) {
      const print = hash("sha256", JSON.stringify(alert.labels));
      known.run(print, now, now);
      came.run(print, now, JSON.stringify(alert));
    }
  });
  return { commit: (requests: FloorAlert[][]) => void commit.immediate(requests) };
}

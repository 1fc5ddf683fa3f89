import { hash } from "node:crypto";
import { type AlertSignal, fingerprint, type SignalText, writeSignal } from "../core/signal/alert.ts";

/** What crosses to the writer's thread: texts cross for nearly nothing, and are stored as they are. */
export type ArrivalText = SignalText & Pick<AlertSignal, "source" | "deliveryId"> & { fingerprint: string };

/**
 * An alert as it came: whose it is, and what it says as text. Most of what comes in a storm says what was said before,
 * so the text is read only for who asks; what is read has no `raw`.
 */
export class Arrival implements ArrivalText {
  readonly source: string;
  readonly deliveryId: string | null;
  readonly fingerprint: string;
  readonly text: string;
  readonly raw: string;
  #signal: AlertSignal | null = null;
  #said: { day: string; hash: string } | null = null;

  constructor({ source, deliveryId, fingerprint: print, text, raw }: ArrivalText) {
    this.source = source;
    this.deliveryId = deliveryId;
    this.fingerprint = print;
    this.text = text;
    this.raw = raw;
  }

  static of(signal: AlertSignal): Arrival {
    const { source, deliveryId } = signal;
    return new Arrival({ source, deliveryId, fingerprint: fingerprint(signal), ...writeSignal(signal) });
  }

  get signal(): AlertSignal {
    this.#signal ??= JSON.parse(this.text) as AlertSignal;
    return this.#signal;
  }

  /**
   * What it says, as a hash: one that says the same as the last of its alert is kept as a reference to that. The first of
   * each day is kept in full, as retention takes whole days away. `now` is when it came, ISO 8601 UTC.
   */
  said(now: string): string {
    const day = now.slice(0, 10);
    if (this.#said?.day !== day)
      this.#said = { day, hash: hash("sha256", `${day}\n${this.text}`, "base64url").slice(0, 22) };
    return this.#said.hash;
  }
}

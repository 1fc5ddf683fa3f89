import { type JsonObject, text } from "./json.ts";

/** A byte that UTF-8 never holds, so that it can part names and values. */
const SEPARATOR = Buffer.of(0xff);

/**
 * The fingerprint of a label set as the Prometheus family computes it: FNV-1a with 64 bits over the names in the order
 * of their bytes, each followed by its value (https://pkg.go.dev/github.com/prometheus/common/model#LabelSet.Fingerprint).
 * Alertmanager sends the very same, so an alert has one identity whether Prometheus itself or Alertmanager sends it. A
 * label without a value is the same as no label.
 */
export function labelsFingerprint(labels: JsonObject): string {
  const pairs = Object.entries(labels)
    .map(([name, value]) => [Buffer.from(name), Buffer.from(labelValue(value))] as const)
    .filter(([, value]) => value.length > 0)
    .sort(([a], [b]) => Buffer.compare(a, b));
  return fnv1a(pairs.flatMap(([name, value]) => [name, SEPARATOR, value, SEPARATOR]));
}

/** White space belongs to a label's value; some relays make numbers and booleans of the others. */
function labelValue(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "boolean" ? String(value) : (text(value) ?? "");
}

/** On two halves of 32 bits, as BigInt is too slow for labels as long as a body may hold. The prime is 2^40 + 0x1b3. */
function fnv1a(parts: Buffer[]): string {
  let high = 0xcbf29ce4;
  let low = 0x84222325;
  for (const part of parts) {
    for (const byte of part) {
      const mixed = (low ^ byte) >>> 0;
      const product = mixed * 0x1b3;
      high = (Math.imul(high, 0x1b3) + (mixed << 8) + Math.floor(product / 2 ** 32)) >>> 0;
      low = product >>> 0;
    }
  }
  return [high, low].map((half) => half.toString(16).padStart(8, "0")).join("");
}

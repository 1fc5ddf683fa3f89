import { type JsonObject, text } from "./json.ts";

/** Parts names and values: a byte that UTF-8 never holds. */
const SEPARATOR = "\xff";

/**
 * The fingerprint of a label set as the Prometheus family computes it: FNV-1a with 64 bits over the names in the order
 * of their bytes, each followed by its value (https://pkg.go.dev/github.com/prometheus/common/model#LabelSet.Fingerprint).
 * Alertmanager sends the very same, so an alert has one identity whether Prometheus itself or Alertmanager sends it. A
 * label without a value is the same as no label.
 */
export function labelsFingerprint(labels: JsonObject): string {
  const names = Object.keys(labels);
  let bytes = "";
  for (const name of names.every(isAscii) ? names.sort() : names.sort(byBytes)) {
    const value = labelValue(labels[name]);
    if (value !== "") bytes += bytesOf(name) + SEPARATOR + bytesOf(value) + SEPARATOR;
  }
  return fnv(bytes);
}

function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text);
}

function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

/** White space belongs to a label's value; some relays make numbers and booleans of the others. */
function labelValue(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "boolean" ? String(value) : (text(value) ?? "");
}

/** A text's UTF-8, a character a byte. */
function bytesOf(text: string): string {
  return isAscii(text) ? text : Buffer.from(text).toString("latin1");
}

/**
 * In two halves of 32 bits: BigInt is too slow for labels as long as a body may hold. The prime is 2^40 + 0x1b3. The
 * lower half is multiplied in two parts, as products have to stay below 2^31.
 */
function fnv(bytes: string): string {
  let high = 0xcbf29ce4 | 0;
  let low = 0x84222325 | 0;
  for (let i = 0; i < bytes.length; i += 1) {
    const mixed = low ^ bytes.charCodeAt(i);
    const lower = (mixed & 0xffff) * 0x1b3;
    const upper = (mixed >>> 16) * 0x1b3 + (lower >>> 16);
    low = (upper << 16) | (lower & 0xffff);
    high = (Math.imul(high, 0x1b3) + (mixed << 8) + (upper >>> 16)) | 0;
  }
  return [high, low].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
}

import { type JsonObject, text } from "./json.ts";

/** Parts names and values: a byte that UTF-8 never holds. */
const SEPARATOR = 0xff;

/**
 * The fingerprint of a label set as the Prometheus family computes it: FNV-1a with 64 bits over the names in the order
 * of their bytes, each followed by its value (https://pkg.go.dev/github.com/prometheus/common/model#LabelSet.Fingerprint).
 * Alertmanager sends the very same, so an alert has one identity whether Prometheus itself or Alertmanager sends it. A
 * label without a value is the same as no label.
 */
export function labelsFingerprint(labels: JsonObject): string {
  const hash = { high: 0xcbf29ce4 | 0, low: 0x84222325 | 0 };
  for (const name of Object.keys(labels).sort(byBytes)) {
    const value = labelValue(labels[name]);
    if (value === "") continue;
    for (const part of [name, value]) {
      addText(hash, part);
      addByte(hash, SEPARATOR);
    }
  }
  return [hash.high, hash.low].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
}

const ASCII = /^[\0-\x7f]*$/;

function byBytes(one: string, other: string): number {
  if (ASCII.test(one) && ASCII.test(other)) return one < other ? -1 : 1;
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

/** White space belongs to a label's value; some relays make numbers and booleans of the others. */
function labelValue(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "boolean" ? String(value) : (text(value) ?? "");
}

/** The two halves of the 64 bits: BigInt is too slow for labels as long as a body may hold. */
type Hash = { high: number; low: number };

function addText(hash: Hash, text: string): void {
  if (ASCII.test(text)) for (let i = 0; i < text.length; i += 1) addByte(hash, text.charCodeAt(i));
  else for (const byte of Buffer.from(text)) addByte(hash, byte);
}

/** The prime is 2^40 + 0x1b3. The lower half is multiplied in two parts, as products have to stay below 2^31. */
function addByte(hash: Hash, byte: number): void {
  const mixed = hash.low ^ byte;
  const lower = (mixed & 0xffff) * 0x1b3;
  const upper = (mixed >>> 16) * 0x1b3 + (lower >>> 16);
  hash.low = (upper << 16) | (lower & 0xffff);
  hash.high = (Math.imul(hash.high, 0x1b3) + (mixed << 8) + (upper >>> 16)) | 0;
}

import { parseDocument } from "yaml";

/**
 * What a YAML text says, as plain values; null for an empty one. Throws where part of it would be lost: to the library a
 * tag that it does not know is only a warning, a second document is not even that where it is told to be silent, and
 * references to no anchor and anchors that expand without end show only when values are made.
 */
export function readYaml(text: string): unknown {
  const document = parseDocument(text, { logLevel: "error" });
  const broken = document.errors[0] ?? document.warnings[0];
  if (broken) throw broken;
  return document.toJS();
}

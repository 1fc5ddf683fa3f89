/** Text for XML and HTML, in elements and quoted attributes. */
const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Control characters are no valid XML and direction marks can turn a label round: both are left out. */
export function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Bidi_Control}]/gu, (character) => (character === "\n" ? character : ""))
    .replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

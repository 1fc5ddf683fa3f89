import type { Refusal, RefusalCode } from "../core/refusal.ts";
import type { Document } from "../core/report/document.ts";

/** How each refusal begins, so that a person sees at once whether it was them, the state, or us. */
const SIGNS: Record<RefusalCode, string> = {
  invalid: "✍️",
  not_found: "🔎",
  wrong_state: "🚦",
  conflict: "👥",
  blocked: "🚧",
  unauthorized: "🔒",
  unsupported_media_type: "✍️",
  too_large: "✍️",
  unavailable: "⏳",
};

/** A refusal as its asker sees it. Its words hold backticked lines to type, which are shown as such. */
export function refusalDocument(refusal: Refusal): Document {
  const words = withCode(refusal.message);
  return {
    summary: words.map((part) => (typeof part === "string" ? part : `\`${part.code}\``)).join(""),
    title: null,
    blocks: [{ type: "paragraph", text: [`${SIGNS[refusal.code]} `, ...words] }],
  };
}

/** A fault of ours: nothing of its inside, only what finds it in the log. */
export function faultDocument(reference: string): Document {
  const words = `That went wrong on our side (reference ${reference}). Look at the card before you try again: it shows what was done.`;
  return { summary: words, title: null, blocks: [{ type: "paragraph", text: `⚠️ ${words}` }] };
}

function withCode(message: string) {
  return message
    .split(/(`[^`]+`)/)
    .filter(Boolean)
    .map((part) =>
      part.startsWith("`") && part.length > 2 ? { code: part.slice(1, -1) } : part.replaceAll("*", ""),
    );
}

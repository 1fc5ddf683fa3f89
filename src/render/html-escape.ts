import { escapeXml } from "../core/report/xml.ts";
import { safeUrl, visible } from "./span.ts";

/** Data for HTML text or a quoted attribute. */
export function escapeHtml(text: string): string {
  return escapeXml(visible(text));
}

/** A link around markup, or the markup alone where the address may not be followed. */
export function anchor(markup: string, address: string): string {
  const url = safeUrl(address);
  return url === null
    ? markup
    : `<a href="${escapeHtml(url)}" rel="noopener noreferrer nofollow">${markup}</a>`;
}

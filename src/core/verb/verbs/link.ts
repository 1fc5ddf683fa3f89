import { clip } from "../../signal/alert.ts";
import { does, form, LIMITS, misused, within } from "../ask.ts";
import type { Verb } from "../verb.ts";
import { plainText, takeLink } from "../words.ts";

export const link: Verb = {
  name: "link",
  aliases: ["add link"],
  usage: "<url> [title]",
  help: "Keep a link with the incident",
  example: "link https://grafana.example.com/d/orders Orders dashboard",
  about: "incident",
  afterwards: true,
  group: "words",
  parse(rest, context) {
    const found = takeLink(rest);
    const words = plainText(found ? found.rest : rest, context.names);
    if (!found && words === "") return form("link");
    if (!found) throw misused(link, "That holds no link that begins with `https://`.");
    const title =
      within(words, LIMITS.linkTitle, "title") ||
      plainText(found.label ?? withoutQuery(found.url), context.names);
    return does({
      type: "add_link",
      link: { title: clip(title, LIMITS.linkTitle), url: within(found.url, LIMITS.url, "link") },
    });
  },
};

/** Where a link leads, short enough to be its title. */
function withoutQuery(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname === "/" ? "" : pathname}`;
}

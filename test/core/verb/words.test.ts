import { expect, test } from "vitest";
import { mentionedIds, plainText, takeLink, unquoted } from "../../../src/core/verb/words.ts";

const names = { U0ANA: "Ana López", W0EVE: "<@U0BEN>" };

test.each([
  ["ask <@U0ANA>", "ask @Ana López"],
  ["ask <@U0ANA|ana>", "ask @Ana López"],
  ["ask <@U0BEN|ben>", "ask @ben"],
  ["ask <@U0BEN>", "ask @unlinked U0BEN"],
  ["ask <@W0EVE>", "ask @‹@U0BEN>"],
  ["see <https://x.example/a?b=1&amp;c=2|the board>", "see the board (https://x.example/a?b=1&c=2)"],
  ["see <https://x.example/a>", "see https://x.example/a"],
  ["see <https://x.example/a|https://x.example/a>", "see https://x.example/a"],
  ["<http://shop.orders|shop.orders> is late", "shop.orders is late"],
  ["in <#C1|data-alerts>", "in #data-alerts"],
  ["in <#C1>", "in #C1"],
  ["<!here> look", "@here look"],
  ["<!subteam^S1|@data-team> look", "@data-team look"],
  ["<mailto:a@b.example|a@b.example>", "a@b.example"],
  ["a &lt; b &amp;&amp; c &gt; d", "a < b && c > d"],
  ["&amp;lt;", "&lt;"],
  ["&lt;@U0ANA&gt;", "‹@U0ANA>"],
  ["&lt;!channel&gt;", "‹!channel>"],
  ["<<@U0ANA>>", "<@Ana López>".replace("<@A", "‹@A")],
  ["rows <10> left", "rows <10> left"],
  ["a\u0000b\u202ec\u200bd", "abcd"],
  ["lone \ud800 surrogate", "lone \ufffd surrogate"],
  ["👩‍🚒 stays whole", "👩‍🚒 stays whole"],
])("%j reads %j", (text, expected) => {
  expect(plainText(text, names)).toBe(expected);
});

test("the ids to look up, each once", () => {
  expect(mentionedIds("<@U1> and <@W2|eve> and <@U1>, not <#C1> or U3")).toEqual(["U1", "W2"]);
});

test.each([
  [
    "the <https://x.example|Board&amp;co> for orders",
    {
      ...{ url: "https://x.example", label: "Board&co" },
      ...{ rest: "the for orders", said: "the Board&amp;co for orders" },
    },
  ],
  [
    "see https://x.example/a, it is red",
    { url: "https://x.example/a", label: null, rest: "see, it is red", said: "see, it is red" },
  ],
  ["<https://x.example/a?b&amp;c>", { url: "https://x.example/a?b&c", label: null, rest: "", said: "" }],
  ["ftp://x.example", null],
  ["https://", null],
])("the link in %j", (text, expected) => {
  expect(takeLink(text)).toEqual(expected);
});

test.each([
  ["“Orders are late”", "Orders are late"],
  ['"Orders" are late', '"Orders" are late'],
  ["'tis late", "'tis late"],
])("%j without its quotes", (text, expected) => {
  expect(unquoted(text)).toBe(expected);
});

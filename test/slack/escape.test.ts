import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  clean,
  codeBlock,
  inlineCode,
  linkAddress,
  mrkdwn,
  plain,
  WORD_JOINER,
} from "../../src/slack/escape.ts";

const J = WORD_JOINER;

describe("data in mrkdwn", () => {
  it.each([
    ["<!channel> & <@U0MAYA>", "&lt;!channel&gt; &amp; &lt;@U0MAYA&gt;"],
    ["*bold* and ~gone~", "∗bold∗ and ∼gone∼"],
    ["_quiet_", "ˍquietˍ"],
    ["`code` and ```block```", "ˋcodeˋ and ˋˋˋblockˋˋˋ"],
    [":tada: :+1: :100:", `:${J}tada: :${J}+1: :${J}100:`],
    ["a::date::text", `a::${J}date::text`],
    ["> quoted\nnot > this", `${J}&gt; quoted\nnot &gt; this`],
    ["@here, @Channel and @everyone", `@${J}here, @${J}Channel and @${J}everyone`],
    ["a\u0000b\u202Ec\ud800d", "abc\ufffdd"],
  ])("%j is shown as it is", (text, expected) => {
    expect(mrkdwn(text)).toBe(expected);
  });

  it.each([
    "snake_case_name and __dbt_tmp and _airbyte_raw_orders",
    "03:10:00 at 12:30",
    "2*3*4",
    "analytics.marts.orders",
    "maya@fernhollow.example",
    "https://a.example/x_y?z=1",
    "naïve façade – 注文 🧨",
  ])("%j stays copyable to the letter", (text) => {
    expect(mrkdwn(text)).toBe(text);
  });

  it("loses no letter and adds only invisible or look-alike characters", () => {
    const back: Record<string, string> = { "∗": "*", ˍ: "_", "∼": "~", ˋ: "`" };
    const undo = (text: string) =>
      text
        .replaceAll(J, "")
        .replace(/[∗ˍ∼ˋ]/g, (char) => back[char]!)
        .replaceAll("&lt;", "<")
        .replaceAll("&gt;", ">")
        .replaceAll("&amp;", "&");
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        fc.pre(!/[∗ˍ∼ˋ\u2060]/.test(text));
        expect(undo(mrkdwn(text))).toBe(clean(text));
      }),
    );
  });
});

describe("data elsewhere", () => {
  it("ends no code", () => {
    expect(inlineCode("a`b\nc")).toBe("aˋb c");
    expect(codeBlock("a ```` b")).toBe(
      `\`\`\`\na \`\`${J}\`\`${J} b\n\`\`\``.replace(`\`\`${J}\`\`${J}`, `\`\`${J}\`\``),
    );
  });

  it("is on one line and draws no emoji in plain text", () => {
    expect(plain("a\n b :tada:")).toBe(`a b :${J}tada:`);
  });

  it("shows on the local page, which decodes no entities, with nothing to click", () => {
    expect(mrkdwn("a < b & <@U0MAYA> 2*3*4", "local")).toBe(`a < b & <${J}@U0MAYA> 2∗3∗4`);
  });

  it("keeps names with underscores in code as they are, on the local page too", () => {
    for (const name of ["__main__", "_airbyte_raw_", "in __main__ (__init__)", "a_b_c"]) {
      expect(inlineCode(name)).toBe(name);
      expect(inlineCode(name, "local")).toBe(name);
    }
    // The page looks for italics in code as well.
    expect(inlineCode("in _main_ (_x_)", "local")).toBe("in ˍmain_ (ˍx_)");
  });
});

describe("an address", () => {
  it.each([
    ["https://a.example/x", "https://a.example/x"],
    ["http://a.example/a b", "http://a.example/a%20b"],
    ["ftp://a.example", null],
    ["javascript:alert(1)", null],
    ["https://user@a.example/", null],
    ["not one", null],
  ])("%s", (text, expected) => {
    expect(linkAddress(text)).toBe(expected);
  });
});

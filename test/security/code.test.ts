/** What no input can show, because one careless line anywhere would be enough: read from the code itself. */
import { describe, expect, test } from "vitest";
import { filesOf, read } from "../docs/pages.ts";

const FILES = [...filesOf("src"), ...filesOf("migrations")].filter((path) => path.endsWith(".ts"));

/** Each line of code that fits, as `file: line`; comments may speak of anything. */
function lines(pattern: RegExp, files = FILES): string[] {
  return files.flatMap((path) =>
    read(path)
      .split("\n")
      .filter((line) => !/^\s*(\/\/|\/?\*)/.test(line) && pattern.test(line))
      .map((line) => `${path}: ${line.trim()}`),
  );
}
const filesWith = (pattern: RegExp) => [...new Set(lines(pattern).map((line) => line.split(":", 1)[0]!))];

describe("secrets", () => {
  test("are compared in one place, in constant time", () => {
    expect(filesWith(/timingSafeEqual/)).toEqual(["src/source/auth.ts"]);
  });

  test("are compared nowhere else: next to === stands only whether there is one", () => {
    const edge = FILES.filter((path) => /^src\/(source|http|slack)\//.test(path));
    const compared = lines(
      /(?:===?|!==?)|\.(?:includes|startsWith|endsWith|indexOf|has|localeCompare|match|test)\(/,
      edge,
    ).flatMap((line) => {
      const code = line.slice(line.indexOf(": ") + 2);
      const sides = [...code.matchAll(/([\w.?!()[\]"-]+) (?:===|!==|==|!=) ([\w.?!()[\]"'-]+)/g)].map(
        ([, a, b]) => [a!, b!],
      );
      const calls = [
        ...code.matchAll(
          /([\w.?!]+)\.(?:includes|startsWith|endsWith|indexOf|has|localeCompare)\(([^)]*)\)/g,
        ),
      ];
      const pairs = [...sides, ...calls.map(([, a, b]) => [a!, b!])];
      return (
        pairs
          .filter((pair) =>
            pair.some((side) =>
              /secret|password|hmac|(?<!dedup_|routing|task|api)token\b|signature\b/i.test(side),
            ),
          )
          // Whether there is one, and what it begins with by its kind (`whsec_`, `arn:`, a scheme's prefix), tells nothing of it.
          .filter(
            ([, against]) =>
              !/^(undefined|null|""|"string"|"(arn:|whsec_)"|"\\|"|prefix|"-0")/.test(against!),
          )
          .map(() => line)
      );
    });
    expect(compared).toEqual([]);
  });
});

/** Takes people's names out of texts, each character of them escaped: asked for by an operator, not by a sender. */
const ESCAPED = "src/core/incident/forget.ts";

describe("patterns that people configure", () => {
  test("become no regular expression: what is interpolated into one is a constant of ours", () => {
    const wrong = FILES.filter((path) => path !== ESCAPED).flatMap((path) => {
      const code = read(path);
      return [...code.matchAll(/\bRegExp\(([\s\S]*?)\)[;,.]/g)]
        .flatMap(([, argument]) => [
          ...[...argument!.matchAll(/\$\{([^}]*)\}/g)].map((match) => match[1]!),
          ...(/^\s*(?:String\.raw)?[`"'/[]/.test(argument!) ? [] : [argument!.split(",")[0]!.trim()]),
        ])
        .filter((name) => {
          const constant = /^(?:Object\.keys\()?([A-Z][A-Z_]*)\b/.exec(name)?.[1];
          return constant === undefined || !new RegExp(`(?:const|import \\{[^}]*) ${constant}\\b`).test(code);
        })
        .map((name) => `${path}: ${name}`);
    });
    expect(wrong).toEqual([]);
  });
});

/** What is pasted there are names of our tables and columns, and the numbers of fields. */
const OWN_NAMES = [
  "src/store/seal.ts: sql.raw(joint),",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it quotes code.
  "src/store/put.ts: await sql`${sql.raw(into)}${sql.join(values)}${sql.raw(known)}`.execute(db);",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it quotes code.
  "src/store/put.ts: if (rule?.lookedUp) places.push(sql`(${sql.raw(rule.lookedUp.select)} ${places.pop()})`);",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it quotes code.
  "src/store/put.ts: const fields = columns.map((column, field) => sql`value ->> ${sql.lit(field)} as ${sql.ref(column)}`);",
];

describe("SQL", () => {
  test("gets values as parameters: nothing is pasted into it", () => {
    // Raw SQL makes the schema, of names of our own, and joins columns. Kysely quotes the names of tables (sql.table).
    const raw = lines(/\.raw\(|sql\.lit/).filter((line) => !line.startsWith("migrations/"));
    expect(raw.filter((line) => !OWN_NAMES.includes(line))).toEqual([]);
    const pasted = FILES.flatMap((path) =>
      [...read(path).matchAll(/\.(?:exec|prepare|pragma|query)\(\s*`[^`]*\$\{[^`]*`/g)].map(
        ([found]) => `${path}: ${found}`,
      ),
    );
    expect(pasted).toEqual([]);
    const inMigrations = FILES.filter((path) => path.startsWith("migrations/")).flatMap((path) =>
      [...read(path).matchAll(/\.raw\(\s*`([^`]*)`/g)].flatMap(([, text]) =>
        [...text!.matchAll(/\$\{([^}]*)\}/g)].map(([, name]) => name!),
      ),
    );
    for (const name of inMigrations) expect(["table", "message", "change", "name", "column"]).toContain(name);
  });
});

/**
 * Slack's API and uploads (addresses from Slack's own answers) and its late answers; the signing certificates and
 * confirmations of SNS, and where the network is handed on to these; the heartbeat, where an operator says.
 */
const OUTBOUND = [
  "src/app-http.ts",
  "src/http/heartbeat.ts",
  "src/slack/doors/slash.ts",
  "src/slack/messenger.ts",
  "src/source/sns.ts",
];
const GOES_OUT = /(?<![\w.])fetch\(|\.fetch\(|new WebClient\(|https?\.request\(|net\.connect|respond\(/;

describe("what leaves the process", () => {
  test("goes out in these places only, each to an address that is not a sender's to choose", () => {
    const found = filesWith(GOES_OUT).filter((path) => !path.startsWith("src/sandbox/"));
    expect(found.sort()).toEqual(OUTBOUND);
    for (const path of ["src/http/heartbeat.ts", "src/source/sns.ts"])
      expect(read(path)).toContain('redirect: "error"');
  });

  test("starts no other program, and runs no text as code", () => {
    expect(filesWith(/child_process/).filter((path) => !path.startsWith("src/sandbox/"))).toEqual([]);
    const runs = lines(/\beval\(|new Function\(|node:vm|import\((?!\s*")/);
    expect(runs).toEqual([]);
  });
});

describe("files", () => {
  test("are written where an operator says, and nowhere else", () => {
    const writers = filesWith(
      /\b(?:writeFile|writeFileSync|createWriteStream|copyFile\w*|renameSync|rename)\(/,
    ).filter((path) => read(path).includes("node:fs"));
    expect(writers.length).toBeGreaterThan(1);
    // `db backup` and `db restore` are the store's.
    expect(writers.filter((path) => !/^src\/(sandbox|cli)\/|^src\/store\/backup\.ts$/.test(path))).toEqual(
      [],
    );
  });

  test("are not served: the HTTP edge reads none", () => {
    const edge = FILES.filter((path) => /^src\/(http|source|render)\//.test(path));
    expect(lines(/node:fs|sendFile|createReadStream/, edge)).toEqual([]);
  });
});

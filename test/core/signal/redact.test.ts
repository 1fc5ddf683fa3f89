import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AlertSignal } from "../../../src/core/signal/alert.ts";
import { ChangeSignal } from "../../../src/core/signal/change.ts";
import { DEFAULT_ALLOW, redactAlert, redactChange } from "../../../src/core/signal/redact.ts";
import { PATTERNS } from "../../../src/core/signal/redact-patterns.ts";
import { isSuspect } from "../../../src/core/signal/redact-suspect.ts";

const NONE = { allow: {} };

function alert(over: Partial<AlertSignal> = {}): AlertSignal {
  return {
    source: "dbt",
    dedupKey: "shop/not_null_orders_customer_id",
    deliveryId: "0f3b1c1e-8a52-4a55-9f59-5d1f3c5c4a11/firing",
    status: "firing",
    severity: "error",
    title: "not_null on orders.customer_id failed (71 of 501 rows)",
    description: null,
    assets: [{ namespace: "snowflake://fernhollow-prod", name: "SHOP.PUBLIC.ORDERS" }],
    impacted: [],
    labels: { column: "customer_id" },
    links: [],
    startsAt: null,
    endsAt: null,
    observedAt: "2026-11-22T03:10:00.000Z",
    groupHint: null,
    warnings: [],
    raw: {},
    ...over,
  };
}

function change(over: Partial<ChangeSignal> = {}): ChangeSignal {
  return {
    source: "github",
    dedupKey: "fernhollow/shop/42",
    deliveryId: null,
    kind: "merge",
    status: "succeeded",
    title: "Drop orders.discount",
    description: null,
    actor: "maria",
    repository: "fernhollow/shop",
    revision: "4f5c1e0a9d3b27c68f5e4d3c2b1a09f8e7d6c5b4",
    environment: null,
    paths: ["models/orders.sql"],
    assets: [],
    labels: {},
    links: [],
    startedAt: null,
    endedAt: null,
    warnings: [],
    raw: {},
    ...over,
  };
}

function described(description: string, rules = NONE): string | null {
  return redactAlert(alert({ description }), rules).description;
}

// Put together here, so that no scanner takes this file for one that holds secrets.
const filler = (length: number) => "aB3dE6gH9jK2mN5pQ8sT1vW4xY7zC0fR".repeat(4).slice(0, length);
const PEM = ["BEGIN", "END"].map((word) => `-----${word} RSA PRIVATE KEY-----`);
const JWT = `eyJ${filler(20)}.eyJ${filler(24)}.${filler(32)}`;

/** By kind: the text, and what it reads as. The secret itself is what must not be in the result. */
const FINDS: [what: string, text: string, reads: string][] = [
  ["a private key", `key:\n${PEM[0]}\nMIIE${filler(60)}\n${PEM[1]} end`, "key:\n[redacted private key] end"],
  ["a private key that was cut", `${PEM[0]}\nMIIE${filler(60)}…`, "[redacted private key]"],
  ["an AWS key id", `with AKIA${"IOSFODNN7EXAMPLE"} denied`, "with [redacted token] denied"],
  ["an AWS secret key", `aws_secret_access_key = ${filler(40)}`, "aws_secret_access_key = [redacted secret]"],
  ["a Slack token", `xoxb-${filler(30)} is revoked`, "[redacted token] is revoked"],
  [
    "a Slack hook",
    `POST https://hooks.slack.com/services/T0/B0/${filler(24)} 404`,
    "POST https://hooks.slack.com/services/[redacted token] 404",
  ],
  ["a GitHub token", `clone with ghp_${filler(36)}`, "clone with [redacted token]"],
  ["a GitLab token", `glpat-${filler(20)}!`, "[redacted token]!"],
  ["an npm token", `npm_${filler(36)}`, "[redacted token]"],
  ["a PyPI token", `pypi-${filler(60)}`, "[redacted token]"],
  ["a Stripe key", `sk_live_${filler(24)}`, "[redacted token]"],
  ["a Google key", `AIza${filler(35)}`, "[redacted token]"],
  ["a SendGrid key", `SG.${filler(22)}.${filler(43)}`, "[redacted token]"],
  ["an OpenAI key", `sk-proj-${filler(40)}`, "[redacted token]"],
  ["a JWT", `got ${JWT}, expired`, "got [redacted token], expired"],
  ["an Authorization header", "Authorization: Basic ZnJlZDpmcmVk", "Authorization: Basic [redacted token]"],
  ["a bearer token", `-H "Bearer ${filler(24)}"`, '-H "Bearer [redacted token]"'],
  [
    "a connection string",
    "postgres://app:hunter2@db:5432/shop failed",
    "postgres://app:[redacted password]@db:5432/shop failed",
  ],
  ["a connection string that was cut", "postgres://app:hunt…", "postgres://app:[redacted password]…"],
  [
    "a JDBC URL",
    "jdbc:sqlserver://db;user=sa;password=hunter2;x=1",
    "jdbc:sqlserver://db;user=sa;password=[redacted password];x=1",
  ],
  [
    "an Azure key",
    `AccountName=fern;AccountKey=${filler(40)}==;End`,
    "AccountName=fern;AccountKey=[redacted secret];End",
  ],
  ["a password", "DB_PASSWORD=hunter2", "DB_PASSWORD=[redacted password]"],
  ["a password with spaces", 'password: "correct horse"', 'password: "[redacted password]"'],
  ["pwd", "pwd: hunter2", "pwd: [redacted password]"],
  ["JSON in a text", '{"client_secret":"abc def"}', '{"client_secret":"[redacted secret]"}'],
  ["JSON in JSON", '{\\"token\\":\\"abcdef1\\"}', '{\\"token\\":\\"[redacted secret]"}'],
  ["an option", "dbt run --password hunter2 -x", "dbt run --password [redacted secret] -x"],
  ["an e-mail address", "row of maria.s+x@fernhollow.example.", "row of [redacted e-mail]."],
  ["one in a query", "?user=maria%40fernhollow.example&x", "?user=[redacted e-mail]&x"],
  ["one that was cut", "row of maria@fernho…", "row of [redacted e-mail]…"],
  ["a card number", "card 4111 1111 1111 1111 twice", "card [redacted card number] twice"],
  ["an Amex number", "3782-822463-10005", "[redacted card number]"],
  ["a social security number", "ssn 078-05-1120", "ssn [redacted SSN]"],
  ["an IBAN", "to DE89 3704 0044 0532 0130 00 PAID", "to [redacted IBAN] PAID"],
  ["an IBAN before a word of four", "ES91 2100 0418 4502 0005 1332 PAID", "[redacted IBAN] PAID"],
  ["a phone number", "call +49 (30) 901820-12", "call [redacted phone number]"],
];

describe("what is found in a text", () => {
  test.each(FINDS)("%s", (_what, text, reads) => {
    expect(described(text)).toBe(reads);
  });

  test.each([
    "2026-11-22 03:10:00,123 ERROR - Task orders_etl.load failed",
    "run 70471823424 of 0f3b1c1e-8a52-4a55-9f59-5d1f3c5c4a11 at 1763781000000",
    "commit 4111111111111111aaaa, id-4111111111111111, 0.4111111111111111, /runs/4111111111111111/",
    "number 4111111111111112",
    "token_count: 1200, max_tokens=5, secret_santa: true, primary_key: order_id",
    "syntax error, unexpected token: orders",
    "password authentication failed for user app",
    "password: null, token=None, secret: ****",
    "PWD=/opt/dbt",
    "Basic authentication is not supported by this endpoint",
    "git clone git@github.com:fernhollow/shop.git with dbt@1.9.0 and actions/checkout@v4",
    "abfss://raw-data/orders and http://localhost:8080/x",
    "grew by +12% from 2026-11-22T03:10:00+01:00",
    "sk-learn-pipeline-2026-for-orders and task-force",
    "DE00 3704 0044 0532 0130 00",
    "pass: 12 fail: 3 keys: 4",
    "ClientRequestToken='Console-UpdateStack-2f4c6a8e'",
  ])("nothing in: %s", (text) => {
    const signal = alert({ description: text, raw: { text, list: [text] }, labels: { text } });
    expect(redactAlert(signal, NONE)).toBe(signal);
  });
});

describe("fields that are named for a secret", () => {
  test.each([
    "password",
    "db_password",
    "DB_PASSWORD_2",
    "clientSecret",
    "client-secret",
    "api_key",
    "apikey",
    "X-Api-Key",
    "accessToken",
    "AWS_SECRET_ACCESS_KEY",
    "private_key",
    "Authorization",
    "Set-Cookie",
    "credentials",
    "routing_key",
  ])("%s", (name) => {
    const { raw, labels } = redactAlert(
      alert({ raw: { [name]: "x", a: { [name]: { b: ["y"] } } }, labels: { [name]: "z" } }),
      NONE,
    );
    expect(JSON.stringify([raw, labels])).not.toMatch(/"[xyz]"/);
    expect(JSON.stringify([raw, labels])).toContain(name);
  });

  test.each([
    "token_count",
    "secret_santa",
    "password_policy",
    "primary_key",
    "unique_key",
    "dedup_key",
    "tokens",
    "key",
    "keyboard",
    "ClientRequestToken",
    "next_page_token",
    "pass",
    "passed",
    "cookie_banner",
    "monkey",
  ])("not %s", (name) => {
    const signal = alert({ raw: { [name]: "x" }, labels: { [name]: "z" } });
    expect(redactAlert(signal, NONE)).toBe(signal);
  });

  test("also where the name is a value beside it, and a number", () => {
    const raw = { env: [{ name: "DB_PASSWORD", value: "x" }], password: 1234, token: 5, secret: false };
    expect(redactAlert(alert({ raw }), NONE).raw).toEqual({
      env: [{ name: "DB_PASSWORD", value: "[redacted password]" }],
      password: "[redacted password]",
      token: 5,
      secret: false,
    });
  });
});

describe("every part of an alert", () => {
  const mail = "maria@fernhollow.example";
  test("links stay links", () => {
    const links = [
      {
        title: `Logs of ${mail}`,
        url: "https://u:p@logs.example/x?a=1&token=abc&X-Amz-Signature=ff&sig=e#f",
      },
    ];
    expect(redactAlert(alert({ links }), NONE).links).toEqual([
      {
        title: "Logs of [redacted e-mail]",
        url: "https://logs.example/x?a=1&token=redacted&X-Amz-Signature=redacted&sig=redacted#f",
      },
    ]);
  });

  test("keys, lists and numbers of raw, at any depth", () => {
    let raw: unknown = mail;
    for (let i = 0; i < 100_000; i += 1) raw = i % 2 ? [raw] : { a: raw };
    expect(JSON.stringify(redactAlert(alert({ raw }), NONE).raw)).not.toContain("maria");
    const keyed = { [mail]: [4111111111111111, { run_id: 4111111111111111 }] };
    const [entry] = Object.entries(redactAlert(alert({ raw: keyed }), NONE).raw as object);
    expect(entry![0]).toMatch(/^\[redacted e-mail [0-9a-f]{12}\]$/);
    expect(entry![1]).toEqual(["[redacted card number]", { run_id: 4111111111111111 }]);
  });

  test("only the credentials of an asset's namespace", () => {
    const assets = [
      { namespace: "postgres://app:hunter2@db:5432", name: "shop.public.orders" },
      { namespace: "abfss://raw@fernhollow.dfs.core.windows.net", name: mail },
    ];
    expect(redactAlert(alert({ assets, impacted: assets }), NONE)).toMatchObject({
      assets: [{ namespace: "postgres://db:5432", name: "shop.public.orders" }, assets[1]],
      impacted: [{ namespace: "postgres://db:5432" }, assets[1]],
    });
  });

  test("identities stay apart, and stay the same", () => {
    const keyOf = (who: string) =>
      redactAlert(alert({ dedupKey: `orders/${who}`, deliveryId: who, groupHint: who }), NONE);
    const [one, again, other] = [keyOf(mail), keyOf(mail), keyOf(`x${mail}`)];
    expect(one.dedupKey).toMatch(/^orders\/\[redacted e-mail [0-9a-f]{12}\]$/);
    expect(one).toEqual(again);
    for (const field of ["dedupKey", "deliveryId", "groupHint"] as const)
      expect(one[field]).not.toBe(other[field]);
    const long = redactAlert(alert({ dedupKey: "a@b.io ".repeat(142) }), NONE).dedupKey;
    expect(long).toMatch(/^\[redacted [0-9a-f]{12}\]$/);
  });

  test("a change: its actor is kept by the part before the @", () => {
    const actors = [mail, `Maria Silva <${mail}>`, "Maria Silva", null, `${mail} and tim@fernhollow.example`];
    expect(actors.map((actor) => redactChange(change({ actor }), NONE).actor)).toEqual([
      "maria",
      "Maria Silva",
      "Maria Silva",
      null,
      "[redacted e-mail] and [redacted e-mail]",
    ]);
    const found = redactChange(
      change({ paths: [`exports/${mail}/a.csv`], repository: "https://x:hunter2@git.example/shop" }),
      NONE,
    );
    expect(found.paths).toEqual(["exports/[redacted e-mail]/a.csv"]);
    expect(found.repository).toBe("https://x:[redacted password]@git.example/shop");
    const clean = change();
    expect(redactChange(clean, NONE)).toBe(clean);
  });
});

describe("the allow-list", () => {
  const mail = "maria@fernhollow.example";
  const signal = alert({
    labels: { owner: mail, customer: mail },
    raw: { user: { email: mail, token: JWT } },
  });
  const kept = (allow: Record<string, string[]>) => {
    const { labels, raw } = redactAlert(signal, { allow });
    const { user } = raw as { user: Record<string, string> };
    return [labels.owner, labels.customer, user.email].map((text) => text === mail);
  };

  test("owners are allowed unless told otherwise", () => {
    expect(kept(DEFAULT_ALLOW)).toEqual([true, false, false]);
    expect(kept({})).toEqual([false, false, false]);
  });

  test("a kind, a path, a path with *, and a path for all below, of this source or of all", () => {
    expect(kept({ dbt: ["email"] })).toEqual([true, true, true]);
    expect(kept({ soda: ["email"] })).toEqual([false, false, false]);
    expect(kept({ "*": ["raw.user.email"] })).toEqual([false, false, true]);
    expect(kept({ dbt: ["raw.*.email"], "*": ["labels.customer"] })).toEqual([false, true, true]);
    expect(kept({ dbt: ["raw"] })).toEqual([false, false, true]);
  });

  test("a path lets a field named for a secret stand, but no token", () => {
    const raw = { token: "orders", jwt: JWT };
    const found = redactAlert(alert({ raw }), { allow: { dbt: ["raw"] } }).raw;
    expect(found).toEqual({ token: "orders", jwt: "[redacted token]" });
    expect(redactAlert(alert({ raw }), { allow: { dbt: ["raw", "token"] } }).raw).toEqual(raw);
  });
});

describe("whatever is sent", () => {
  const SECRETS = [
    `AKIA${"IOSFODNN7EXAMPLE"}`,
    `xoxb-${filler(30)}`,
    `ghp_${filler(36)}`,
    JWT,
    `${PEM[0]}\n${filler(60)}\n${PEM[1]}`,
    "maria@fernhollow.example",
    "4111 1111 1111 1111",
    "078-05-1120",
    "DE89 3704 0044 0532 0130 00",
    "+49 30 901820",
  ];
  const secret = fc.constantFrom(...SECRETS);
  const scrap = fc.oneof(
    secret,
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.constantFrom(
      "password=",
      "token: ",
      '"',
      "://u:",
      "@",
      "a@b.c",
      "…",
      "[redacted ",
      "redacted",
      "1234 ",
      "eyJ",
      " ",
      "&",
      "?key=",
    ),
  );
  const text = fc.array(scrap, { maxLength: 8 }).map((parts) => parts.join(""));
  const drawn = fc
    .record({
      title: text.map((title) => title.slice(0, 300) || "t"),
      description: fc.option(text.map((description) => description.slice(0, 4000))),
      dedupKey: text.map((key) => key.slice(0, 1000) || "k"),
      groupHint: fc.option(text.map((hint) => hint.slice(0, 1000))),
      labels: fc.dictionary(
        text.map((key) => key.slice(0, 200) || "l"),
        text.map((value) => value.slice(0, 1000)),
      ),
      warnings: fc.array(
        text.map((warning) => warning.slice(0, 500)),
        { maxLength: 3 },
      ),
      raw: fc.oneof(fc.jsonValue(), fc.dictionary(text, fc.oneof(text, fc.array(text)))),
      url: fc.webUrl({ withQueryParameters: true }),
    })
    .map(({ url, ...parts }) => alert({ ...parts, links: [{ title: "Run", url }] }));

  test("it still is an alert, and redacting again changes nothing", () => {
    fc.assert(
      fc.property(drawn, (signal) => {
        const once = redactAlert(signal, NONE);
        expect(AlertSignal.safeParse(once).error).toBeUndefined();
        expect(redactAlert(once, NONE)).toEqual(once);
      }),
      { numRuns: 500 },
    );
  });

  test("no secret survives, wherever it stands alone", () => {
    const around = fc.constantFrom("", " ", "row: ", "(", '"');
    const end = fc.constantFrom("", " ", ". Then", ")", '"', "\n");
    fc.assert(
      fc.property(secret, around, end, fc.string(), (planted, before, after, key) => {
        const text = `${before}${planted}${after}`;
        const found = redactAlert(
          alert({
            title: text,
            description: text,
            dedupKey: text,
            deliveryId: text,
            groupHint: text,
            labels: { a: text },
            warnings: [text],
            links: [{ title: text, url: `https://x.example/?q=${encodeURIComponent(planted)}` }],
            raw: { [key]: [{ deep: text }], [text]: 1 },
          }),
          NONE,
        );
        expect(JSON.stringify({ ...found, links: found.links.map(({ title }) => title) })).not.toContain(
          JSON.stringify(planted).slice(1, -1),
        );
      }),
    );
  });

  test("a full field stays within its limit", () => {
    const signal = alert({
      title: "p:pwd=a ".repeat(37).trim(),
      description: "pwd=a ".repeat(666),
      labels: { a: "pwd=a ".repeat(166) },
      warnings: ["pwd=a ".repeat(83)],
      links: [{ title: "x", url: `https://x.example/?${"sig=a&".repeat(490)}` }],
    });
    const once = redactAlert(signal, NONE);
    expect(AlertSignal.safeParse(once).error).toBeUndefined();
    expect(redactAlert(once, NONE)).toEqual(once);
    const full = change({ paths: ["pwd=a ".repeat(83)], actor: "pwd=a ".repeat(33) });
    expect(ChangeSignal.safeParse(redactChange(full, NONE)).error).toBeUndefined();
  });
});

describe("the quick look before the patterns", () => {
  // What finds are made of, so that random sequences hold many.
  const piece = fc.constantFrom(
    ...[
      "1",
      "22",
      "333",
      "4444",
      "666666",
      "4111",
      "-",
      " ",
      "+",
      "(",
      ")",
      ".",
      "A",
      "GB",
      "DE",
      "d",
      "é",
      "K",
    ],
    ...[
      "=",
      ":",
      "://",
      "?",
      "&",
      "sig",
      "auth",
      "x-amz-",
      "password",
      "passwds",
      "Pwd",
      "KEY",
      "key",
      "token",
    ],
    ...[
      "next-token",
      "secret",
      "cookies",
      "credentials",
      "signature",
      "Authorization",
      "shared_access_signature",
    ],
    ...[
      '"',
      "'",
      "\\",
      "]",
      "\t",
      "\n",
      "@",
      "%40",
      "…",
      "--",
      "api-",
      "http",
      "https://",
      "s3cr3tvalue99",
      "user:",
    ],
    ...["basic ", "Bearer ", "abcdefghijklmnopqrstuvwxyz123", "xoxb-1234567890ab", "AKIA0123456789ABCDEF"],
    ...["eyJabcdefghijkl.x", "-----BEGIN RSA PRIVATE KEY-----", "GB82 WEST 1234 5698 7654 32", "123-45-6789"],
    ...["4111 1111 1111 1111", "3782 822463 10005", "+44 20 7946 0958"],
  );

  test("passes over no text in which a pattern finds something", () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        const text = pieces.join("");
        const found = PATTERNS.some(({ find, length }) =>
          [...text.matchAll(find)].some(([, kept, it]) => (length?.(it!, kept!) ?? it!.length) > 0),
        );
        if (found) expect(isSuspect(text), text).toBe(true);
      }),
      { numRuns: 20_000 },
    );
  });

  test.each([
    ["a time", "2026-11-22T03:05:11.123+00:00"],
    ["an id", "check-0000000123 failed on table_000123"],
    ["a name with its value", "expected: 12 rows, got: 11"],
    ["a query", "https://prometheus.fernhollow.example/graph?g0.expr=failed_rows%20%3E%200&g0.tab=1"],
  ])("needs no closer look at %s", (_what, text) => {
    expect(isSuspect(text)).toBe(false);
  });
});

test("a name of a field is judged the same however often it comes, and beside however many others", () => {
  for (const round of [1, 2]) {
    const names = Array.from({ length: 1500 }, (_, n) => [`name_${round}_${n}`, "x"]);
    const { raw } = redactAlert(
      alert({ raw: { ...Object.fromEntries(names), db_password: "hunter2" } }),
      NONE,
    );
    expect(raw).toMatchObject({ db_password: "[redacted password]", [`name_${round}_1499`]: "x" });
  }
});

describe("hostile texts take time in proportion to their length", () => {
  // What is compared is twice the length with once, as machines differ; a quadratic pattern would take four times as long
  // and, at this length, minutes.
  test.each([
    "a@a@a@",
    "a@a.",
    "-----BEGIN",
    "-----BEGIN PRIVATE KEY-----",
    "7",
    "1234 ",
    "4111 1111 1111 1111 ",
    "DE89 3704 ",
    "+1 ",
    "eyJ-",
    "eyJaaaaaaaaaaaa.",
    "://a:",
    "password=",
    "password=)",
    "pwd:'",
    'token:"',
    "--a-",
    "?key=",
    "Authorization: Basic ",
    "[redacted ",
  ])("%s", (scrap) => {
    const signal = alert({ raw: scrap.repeat(Math.ceil(1_000_000 / scrap.length)) });
    const before = process.cpuUsage();
    redactAlert(signal, NONE);
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(3000);
  });
});

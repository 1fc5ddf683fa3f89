/** Something was changed, then the data broke: the thread says what it may have been, and a person says what it was. */
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { MAYA, openWorld, wordsOf } from "./world.ts";

const world = openWorld();

const ORDERS = "snowflake://fernhollow/analytics.marts.orders";
const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

async function change(about: object): Promise<void> {
  const { status } = await world.request("/v1/changes/generic", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(about),
  });
  expect(status).toBe(200);
}

const DEPLOY = {
  kind: "deployment",
  title: "Deploy orders v2 <!here>",
  actor: "mira-oak",
  assets: [ORDERS],
  ended_at: minutesAgo(25),
  url: "https://git.example.com/pull/7",
};
const RESIZE = {
  kind: "infrastructure",
  title: "Resize the loader's cluster",
  dedup_key: "resize",
  ended_at: minutesAgo(90),
};
const BROKEN = { assets: [ORDERS], dedup_key: "freshness/orders" };

test("the thread lists what changed before, and the one that is named stands in the postmortem", async () => {
  await change(DEPLOY);
  await world.alert(BROKEN);
  const message = await world.reply("INC-1", "What changed before this?");
  expect(wordsOf(message)).toContain("1 · likely");
  expect(wordsOf(message)).toContain("touched marts.orders, which is broken itself, 25 min before");

  // A change that took effect before is told of only now: the message is edited, not posted again.
  await change(RESIZE);
  expect((await world.reply("INC-1", "Resize the loader's cluster")).ts).toBe(message.ts);

  await world.mention("maya", "INC-1", "change cause 1");
  const told = await world.reply("INC-1", /Cause.*Deploy orders v2/s);
  expect(wordsOf(told)).toContain(MAYA);
  const named = await world.reply("INC-1", "1 · named as the cause");
  expect(named.ts).toBe(message.ts);

  const { changes, suspects } = await world.incident("INC-1");
  expect(changes).toEqual([
    {
      text: DEPLOY.title,
      url: DEPLOY.url,
      changedAt: expect.stringMatching(/Z$/),
      cause: true,
    },
  ]);
  expect(suspects.map(({ number, title }: { number: number; title: string }) => [number, title])).toEqual([
    [1, DEPLOY.title],
    [2, RESIZE.title],
  ]);
  const { text } = await world.get("/v1/incidents/INC-1/postmortem.md");
  const section = text.slice(text.indexOf("\n## What changed"), text.indexOf("\n## What went well"));
  expect(section).toMatch(/\*\*Cause\*\*: \[Deploy orders v2 .*\]\(.*https:\/\/git\.example\.com\/pull\/7/);
  expect(text).toContain(`${MAYA} named the cause: Deploy orders v2`);
});

test("a number that is not listed is refused, and says what there is", async () => {
  await change(DEPLOY);
  await world.alert(BROKEN);
  await world.reply("INC-1", "What changed before this?");
  await world.slash("jonas", "change cause 4");
  await world.told("jonas", "INC-1 has no suspected change 4. It lists only 1.");
});

test("the next time it says what resolved it the last time, once", async () => {
  await change(DEPLOY);
  await world.alert(BROKEN);
  await world.reply("INC-1", "What changed before this?");
  await world.mention("maya", "INC-1", "change cause 1");
  await world.slash("maya", "restored INC-1 all row counts are right");
  await world.card("INC-1", "verified");
  await world.slash("maya", "resolve INC-1 took the deploy back");
  await world.card("INC-1", "Resolved");
  await world.slash("maya", "close INC-1");
  await world.reply("INC-1", "Closed");
  await world.send("generic", { ...BROKEN, title: "orders is late", status: "resolved" });
  expect(await world.alert({ ...BROKEN, dedup_key: "volume/orders" })).toBe("INC-2");
  const seen = wordsOf(await world.reply("INC-2", "Seen before?"));
  for (const words of ["INC-1", "took the deploy back", "Cause: Deploy orders v2"])
    expect(seen).toContain(words);
});

const COMMITS = `
git init -q && git config user.name "Mira Oak" && git config user.email mira-oak@fernhollow.example
mkdir -p models dags && touch README && git add . && git commit -qm "Begin"
touch models/orders.sql dags/orders.py && git add . && git commit -qm "Rename {{ ref('orders') }} to "orders""`;

// Without these on the machine nothing in a pipeline could be run as the pages say.
test.runIf(areThere("git", "jq", "curl")).each(["dbt", "airflow"])(
  "a deploy is told of by what docs/sources/%s.md gives to paste",
  async (tool) => {
    const page = readFileSync(join(import.meta.dirname, `../../docs/sources/${tool}.md`), "utf8");
    const [, snippet] = /\n## Deploys as changes\n[\s\S]*?```sh\n([\s\S]*?)```/.exec(page)!;
    const cwd = mkdtempSync(join(tmpdir(), "deploy-"));
    onTestFinished(() => rmSync(cwd, { recursive: true }));
    const env = { PATH: process.env.PATH, BREAKWATER_URL: world.app.url, BREAKWATER_GENERIC_TOKEN: "s3cret" };
    await promisify(execFile)("sh", ["-ec", `${COMMITS}\n${snippet}`], { cwd, env });
    const { body } = await world.get("/v1/changes");
    expect(body.changes).toMatchObject([
      {
        ...{ kind: "deployment", status: "succeeded", environment: "prod", actor: "Mira Oak" },
        revision: expect.stringMatching(/^[0-9a-f]{40}$/),
        paths: ["dags/orders.py", "models/orders.sql"],
        labels: { source: tool },
        warnings: [],
      },
    ]);
  },
);

function areThere(...commands: string[]): boolean {
  try {
    for (const command of commands) execFileSync(command, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

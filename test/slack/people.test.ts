/** Slack's own client against a server that answers as Slack does, for people whom the local Slack has none of. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { asker, type DoorDeps, linkTo } from "../../src/slack/doors/interaction.ts";
import { isSlack } from "../../src/slack/doors/slash.ts";
import { slackClient } from "../../src/slack/messenger.ts";
import { createPeople, type Standing } from "../../src/slack/people.ts";

const US = { team_id: "T0US", enterprise_id: "E0US" };
const PEOPLE: Record<string, object> = {
  U0MEMBER: { team_id: "T0US" },
  U0GUEST: { team_id: "T0US", is_restricted: true },
  U0CHANNELGUEST: { team_id: "T0US", is_restricted: true, is_ultra_restricted: true },
  U0SIBLING: { team_id: "T0SIBLING", enterprise_user: { enterprise_id: "E0US" } },
  U0OUTSIDER: { team_id: "T0OTHER", is_stranger: false },
  U0STRANGER: { team_id: "T0US", is_stranger: true },
  U0OTHERORG: { team_id: "T0OTHER", enterprise_user: { enterprise_id: "E0OTHER" } },
  B0BOT: { team_id: "T0US", is_bot: true },
};

let api = "";
let away = false;
const server = createServer(async (request, response) => {
  let sent = "";
  for await (const chunk of request) sent += chunk;
  const id = new URLSearchParams(sent).get("user") ?? "";
  const user = PEOPLE[id];
  const answer = request.url!.endsWith("auth.test")
    ? { ok: true, ...US }
    : user
      ? { ok: true, user: { id, real_name: id, tz: "UTC", ...user } }
      : { ok: false, error: "user_not_found" };
  response.writeHead(away ? 500 : 200, { "content-type": "application/json" }).end(JSON.stringify(answer));
});
beforeAll(async () => {
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  api = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/`;
});
afterAll(() => void server.close());

const people = () => createPeople(slackClient("xoxb-1", api), () => 0);

describe("what somebody is to our workspace", () => {
  it.each<[string, Standing]>([
    ["U0MEMBER", "member"],
    ["U0GUEST", "guest"],
    ["U0CHANNELGUEST", "guest"],
    ["U0SIBLING", "member"],
    ["U0OUTSIDER", "outsider"],
    ["U0STRANGER", "outsider"],
    ["U0OTHERORG", "outsider"],
    ["B0BOT", "bot"],
    ["U0NOBODY", "unknown"],
  ])("%s is a %s, by what Slack says of them", async (id, standing) => {
    expect(await people().standing(id, null)).toBe(standing);
    // A request cannot make them more.
    if (standing !== "unknown") expect(await people().standing(id, "T0US")).toBe(standing);
  });

  it("is what the request says where Slack tells nothing of them, and nothing without it", async () => {
    const known = people();
    expect(await known.standing("U0NOBODY", "T0US")).toBe("member");
    expect(await known.standing("U0NOBODY", "T0OTHER")).toBe("outsider");
    expect(await known.standing("U0NOBODY", null)).toBe("unknown");
  });

  it("is unknown while Slack is away, whatever the request says", async () => {
    away = true;
    expect(await people().standing("U0MEMBER", "T0US")).toBe("unknown");
    away = false;
  });
});

describe("who may command", () => {
  const may = (access: "workspace" | "members" | "anyone", id: string) =>
    asker({ people: people(), access }, id).then(
      () => "yes",
      (refusal) => refusal.code,
    );

  it.each([
    ["workspace", "yes", "yes", "unauthorized", "unauthorized", "unavailable"],
    ["members", "yes", "unauthorized", "unauthorized", "unauthorized", "unavailable"],
    ["anyone", "yes", "yes", "yes", "unauthorized", "yes"],
  ] as const)("access: %s", async (access, ...expected) => {
    const ids = ["U0MEMBER", "U0GUEST", "U0OUTSIDER", "B0BOT", "U0NOBODY"];
    expect(await Promise.all(ids.map((id) => may(access, id)))).toEqual(expected);
  });

  it.each([[undefined], [null], [7], [true], [{}], [""], ["\ud800"], ["x y"]])(
    "nobody whose id is %j, whatever their workspace is said to be: it would stand in a log for ever",
    async (id) => {
      const asked = asker({ people: people(), access: "anyone" }, id as string, "T0US");
      await expect(asked).rejects.toMatchObject({ code: "invalid" });
    },
  );
});

describe("the link to a message", () => {
  const deps = { workspaceUrl: "https://acme.slack.com/" } as DoorDeps;
  it("is made of what Slack calls it", () => {
    expect(linkTo(deps, "C1", "2.000001", "1.000001")).toBe(
      "https://acme.slack.com/archives/C1/p2000001?thread_ts=1.000001&cid=C1",
    );
  });

  it.each([["\ud800"], ["x"], [7], [{}], [["1.0"]]])("is not made of %j", (ts) => {
    expect(() => linkTo(deps, "C1", ts as string, null)).toThrow(/does not say of which message/);
    expect(() => linkTo(deps, "C1", "1.0", ts as string)).toThrow(/does not say of which message/);
  });
});

describe("the address for a late answer", () => {
  it.each([
    ["https://hooks.slack.com/commands/T1/2/x", true],
    ["https://hooks.slack-gov.com/commands/T1/2/x", true],
    ["http://hooks.slack.com/commands/T1", false],
    ["https://hooks.slack.com.evil.example/x", false],
    ["https://hooks.slack.com@evil.example/x", false],
    ["https://evil.example/hooks.slack.com", false],
    ["http://169.254.169.254/latest/meta-data", false],
    ["http://127.0.0.1:5432/", false],
    ["file:///etc/passwd", false],
    ["", false],
  ])("%s is Slack's: %s", (address, expected) => {
    expect(isSlack(address, "https://slack.com/api/")).toBe(expected);
  });

  it("may be the endpoint that is configured in Slack's place", () => {
    expect(isSlack("http://127.0.0.1:3000/_hooks/x", "http://127.0.0.1:3000/api/")).toBe(true);
    expect(isSlack("http://127.0.0.1:3001/_hooks/x", "http://127.0.0.1:3000/api/")).toBe(false);
  });
});

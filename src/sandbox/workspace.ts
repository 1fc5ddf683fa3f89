/**
 * The make-believe company of the sandbox: an online shop for outdoor gear whose data team is as big as most are. Ids
 * look like Slack's (`U…`, `C…`, upper case) and are fixed, so that links and configuration survive a restart.
 * Addresses end in `.example`, which never resolves.
 */
export type Person = {
  id: string;
  /** The handle, as in `@maya`. */
  name: string;
  realName: string;
  title: string;
  email: string;
  /** IANA time zone; the five sit in four zones, so that "whose morning is it" is a real question. */
  timeZone: string;
};

export type Channel = { id: string; name: string; topic: string; purpose: string };

export type Workspace = {
  name: string;
  domain: string;
  teamId: string;
  /** The tokens open nothing but the local server: it only wants them to be there. */
  bot: {
    appId: string;
    userId: string;
    name: string;
    botToken: string;
    appToken: string;
    signingSecret: string;
  };
  people: Person[];
  /** Everybody, and the bot, is a member of each. */
  channels: Channel[];
};

export const SANDBOX_WORKSPACE: Workspace = {
  name: "Fernhollow Outfitters",
  domain: "fernhollow",
  teamId: "T0FERNHOLLOW",
  bot: {
    appId: "A0BREAKWATER",
    userId: "U0BREAKWATER",
    name: "breakwater",
    botToken: "xoxb-sandbox",
    appToken: "xapp-sandbox",
    signingSecret: "sandbox-signing-secret",
  },
  people: [
    {
      id: "U0MAYA",
      name: "maya",
      realName: "Maya Okafor",
      title: "Data engineer, on call",
      email: "maya.okafor@fernhollow.example",
      timeZone: "Europe/London",
    },
    {
      id: "U0JONAS",
      name: "jonas",
      realName: "Jonas Lindqvist",
      title: "Data platform lead, incident lead",
      email: "jonas.lindqvist@fernhollow.example",
      timeZone: "Europe/Stockholm",
    },
    {
      id: "U0PRIYA",
      name: "priya",
      realName: "Priya Raman",
      title: "Analytics engineer",
      email: "priya.raman@fernhollow.example",
      timeZone: "Asia/Kolkata",
    },
    {
      id: "U0DIEGO",
      name: "diego",
      realName: "Diego Fuentes",
      title: "Platform engineer",
      email: "diego.fuentes@fernhollow.example",
      timeZone: "America/New_York",
    },
    {
      id: "U0HANNAH",
      name: "hannah",
      realName: "Hannah Weiss",
      title: "Finance analyst",
      email: "hannah.weiss@fernhollow.example",
      timeZone: "America/New_York",
    },
  ],
  channels: [
    {
      id: "C0INCIDENTS",
      name: "data-incidents",
      topic: "One message per problem. Talk in its thread.",
      purpose: "Where data incidents open and are worked on",
    },
    {
      id: "C0PLATFORM",
      name: "data-platform",
      topic: "Pipelines, warehouse, deploys",
      purpose: "The data platform team at work",
    },
    { id: "C0GENERAL", name: "general", topic: "", purpose: "Everybody at Fernhollow" },
  ],
};

/** Bolt alone, over HTTP: a signed slash command that is acknowledged, and nothing else. */
import { App, LogLevel } from "@slack/bolt";

const { SLACK_BOT_TOKEN = "", SLACK_SIGNING_SECRET = "", SLACK_API_URL = "", PORT = "0" } = process.env;

const app = new App({
  token: SLACK_BOT_TOKEN,
  signingSecret: SLACK_SIGNING_SECRET,
  clientOptions: { slackApiUrl: SLACK_API_URL },
  logLevel: LogLevel.ERROR,
  // It says that it is there, as the product does.
  customRoutes: [
    { path: "/healthz", method: "GET", handler: (_request, response) => void response.end("ok") },
  ],
});
app.command("/incident", async ({ ack }) => ack({ response_type: "ephemeral", text: "Noted." }));
await app.start({ port: Number(PORT), host: "127.0.0.1" });
process.on("SIGTERM", () => process.exit(0));

/**
 * The line of a Socket Mode connection, bytes in and bytes out, in front of the local Slack server. It can fall silent
 * without closing, say what Slack says when it ends a connection, and deliver a message twice or late.
 */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

type Line = { bot: Socket; slack: Socket };

export class SocketRelay {
  /** How many connections were made so far. */
  made = 0;
  /** From now on nothing passes on the lines that are open, in either direction; none is closed. */
  silent = false;
  /** Every message with an event goes to the bot twice. */
  twice = false;
  /** The next message with an event reaches the bot behind the one after it. */
  late = false;
  private held: Buffer | null = null;
  private readonly lines = new Set<Line>();
  private readonly server = createServer((bot) => this.open(bot));
  private readonly target: { host: string; port: number };

  private constructor(target: URL) {
    this.target = { host: target.hostname, port: Number(target.port) };
  }

  static async start(target: string): Promise<SocketRelay> {
    const relay = new SocketRelay(new URL(target));
    await new Promise<void>((listening) => relay.server.listen(0, "127.0.0.1", listening));
    return relay;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get standing(): number {
    return this.lines.size;
  }

  /** Says it to the bot on every open line, as Slack would. */
  say(message: object): void {
    for (const { bot } of this.lines) bot.write(frame(JSON.stringify(message)));
  }

  /** Cuts every open line. */
  cut(): void {
    for (const { bot, slack } of this.lines) {
      bot.resetAndDestroy();
      slack.destroy();
    }
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((closed) => this.server.close(closed));
  }

  private open(bot: Socket): void {
    this.made++;
    const slack = connect(this.target);
    const line = { bot, slack };
    this.lines.add(line);
    // A line that fell silent stays so; one that is opened afterwards works.
    let deaf = false;
    const silent = () => {
      deaf ||= this.silent;
      return deaf;
    };
    bot.on("data", (bytes) => void (silent() || slack.write(bytes)));
    slack.on("data", (bytes) => {
      if (silent()) return;
      const isEvent = bytes.includes('"events_api"');
      if (this.late && isEvent) {
        this.late = false;
        this.held = bytes;
        return;
      }
      bot.write(bytes);
      if (this.held && isEvent) {
        bot.write(this.held);
        this.held = null;
      }
      if (this.twice && isEvent) bot.write(bytes);
    });
    const end = () => {
      this.lines.delete(line);
      bot.destroy();
      slack.destroy();
    };
    for (const socket of [bot, slack]) socket.on("error", end).on("close", end);
  }
}

/** One unmasked text frame (RFC 6455 §5.2). */
function frame(text: string): Buffer {
  const body = Buffer.from(text);
  const head = body.length < 126 ? Buffer.from([0x81, body.length]) : Buffer.from([0x81, 126, 0, 0]);
  if (body.length >= 126) head.writeUInt16BE(body.length, 2);
  return Buffer.concat([head, body]);
}

import { printableJson } from "../../lib/printable.js";
import type { News } from "../../model/event.js";
import { askDaemon } from "../ask-daemon.js";
import type { Command } from "../command.js";
import { isAway, pause, reconnectMs, retryMs } from "../patience.js";
import { say } from "../print.js";

/** Follows until it is interrupted or the daemon stays away. */
export const eventsCommand: Command = {
  name: "events",
  options: ["json"],
  summary: "follow what happens",
  run: askDaemon(async (client, { flags }) => {
    // Whoever read the output has gone, as in `holdfast events | head`.
    process.stdout.once("error", () => process.exit(0));
    const print = flags.has("json") ? printJson : printText;
    let lostAt: number | undefined;
    for (;;) {
      const openedAt = performance.now();
      const end = await client.events(print);
      if (end.ok || !isAway(end.failure)) return end;
      if (end.failure.reason === "disconnected") lostAt = performance.now();
      // Nobody was there in the first place.
      lostAt ??= openedAt - reconnectMs;
      if (performance.now() - lostAt > reconnectMs) return end;
      await pause(retryMs, new AbortController().signal);
    }
  }),
};

function printJson(news: News): void {
  process.stdout.write(`${printableJson(news)}\n`);
}

function printText({ level, message }: News): void {
  const time = new Date().toTimeString().slice(0, 8);
  say(level === "info" ? `${time} ${message}` : `${time} ${level}: ${message}`);
}

import type { ControlClient } from "../../control/client.js";
import { localTime } from "../../lib/local-time.js";
import { printableJson } from "../../lib/printable.js";
import { askDaemon } from "../ask-daemon.js";
import type { Command, CommandLine, End } from "../command.js";
import { formatEvent, type Happened, timeOf } from "../format-event.js";
import { isAway, pause, reconnectMs, retryMs } from "../patience.js";
import { lookOf } from "../print.js";

/** Follows until it is interrupted or the daemon stays away; with `--since` the journal, which has what came before, too. */
export const eventsCommand: Command = {
  name: "events",
  options: ["json", "since"],
  summary: "follow what happens",
  run: async (line, commands) => {
    // Whoever read the output has gone, as in `holdfast events | head`.
    process.stdout.once("error", () => process.exit(0));
    if (line.since === undefined) return followDaemon(line, commands);
    return (await import("../follow-journal.js")).followJournal(line, line.since, printerFor(line));
  },
};

const followDaemon = askDaemon(async (client: ControlClient, line): Promise<End> => {
  const print = printerFor(line);
  let lostAt: number | undefined;
  for (;;) {
    const openedAt = performance.now();
    const end = await client.events((news) => print({ at: Date.now(), news }));
    if (end.ok || !isAway(end.failure)) return end;
    if (end.failure.reason === "disconnected") lostAt = performance.now();
    // Nobody was there in the first place.
    lostAt ??= openedAt - reconnectMs;
    if (performance.now() - lostAt > reconnectMs) return end;
    await pause(retryMs, new AbortController().signal);
  }
});

function printerFor({ flags }: CommandLine): (one: Happened) => void {
  if (flags.has("json")) return ({ at, news }) => write([printableJson({ at, ...news })]);
  let timeWidth = 0;
  return (one) => {
    const today = localTime(Date.now()).day;
    timeWidth = Math.max(timeWidth, timeOf(one.at, today).length);
    write(formatEvent(one, lookOf(process.stdout), today, timeWidth));
  };
}

function write(lines: readonly string[]): void {
  process.stdout.write(`${lines.join("\n")}\n`);
}

import type { News } from "../model/event.js";
import type { CommandLine } from "./command-line.js";
import { connect } from "./connect.js";
import type { End } from "./end.js";
import { pause } from "./patience.js";
import { say } from "./print.js";

const reconnectMs = 15_000;
const retryMs = 100;
const passing: ReadonlySet<string> = new Set(["disconnected", "not-running", "timeout"]);

/** `holdfast events`: follows until it is interrupted or the daemon stays away. */
export async function events(line: CommandLine): Promise<End> {
  const client = connect(line);
  if (!client.ok) return client;
  // Whoever read the output has gone, as in `holdfast events | head`.
  process.stdout.once("error", () => process.exit(0));
  const print = line.json ? printJson : printText;
  let lostAt: number | undefined;
  for (;;) {
    const openedAt = performance.now();
    const end = await client.value.events(print);
    if (end.ok || !passing.has(end.failure.reason)) return end;
    if (end.failure.reason === "disconnected") lostAt = performance.now();
    // Nobody was there in the first place.
    lostAt ??= openedAt - reconnectMs;
    if (performance.now() - lostAt > reconnectMs) return end;
    await pause(retryMs, new AbortController().signal);
  }
}

function printJson(news: News): void {
  process.stdout.write(`${JSON.stringify(news)}\n`);
}

function printText({ level, message }: News): void {
  const time = new Date().toTimeString().slice(0, 8);
  say(level === "info" ? `${time} ${message}` : `${time} ${level}: ${message}`);
}

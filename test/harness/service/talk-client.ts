/**
 * The talking client, a program of its own so that it can run in another network namespace: talk-client.js OPTIONS-AS-JSON.
 * Prints a report as a line of JSON every 50 ms and a last one at the end. A line on standard input, or its end, stops it:
 * nothing further is said, and what was said is waited for.
 */
import { setTimeout as pause } from "node:timers/promises";
import { waitUntil } from "../container/wait-until.js";
import { createTalker } from "./create-talker.js";
import { parseTalkOptions } from "./talk-report.js";
import { type Talker, TalkTally } from "./talk-tally.js";

const REPORT_EVERY_MS = 50;
const LAST_WORDS_MS = 5_000;

const options = parseTalkOptions(process.argv[2] ?? "");
const tally = new TalkTally();
let stopping = false;

async function keepTalking(talker: Talker): Promise<void> {
  while (!stopping && talker.isOpen) {
    await talker.say();
    await pause(options.pauseMs);
  }
}

/** Everybody in a room has heard its last number. */
async function hearTheEnd(talkers: readonly Talker[]): Promise<void> {
  const open = talkers.filter(({ isOpen }) => isOpen);
  const ends = new Map<string, number>();
  for (const { room, last } of open) ends.set(room, Math.max(last, ends.get(room) ?? 0));
  await waitUntil("the end of each room in all its connections", LAST_WORDS_MS, () =>
    open.every(({ room, last }) => last === ends.get(room)),
  ).catch((error: unknown) => tally.complain(String(error)));
}

const print = (): void => console.log(JSON.stringify(tally.report()));
const stop = (): void => {
  stopping = true;
};
process.stdin.on("data", stop).on("end", stop);
const end = setTimeout(stop, options.durationMs);
const talkers = Array.from({ length: options.connections }, (_, index) =>
  createTalker(index, options, tally),
);
await Promise.all(talkers.map((talker) => talker.open()));
const progress = setInterval(print, REPORT_EVERY_MS);
await Promise.all(talkers.map(keepTalking));
if (options.numbered) await hearTheEnd(talkers);
for (const talker of talkers) talker.close();
clearTimeout(end);
clearInterval(progress);
print();
process.stdin.destroy();

/**
 * The talking client, a program: talk-client.js OPTIONS-AS-JSON. See load/client-program.ts.
 */
import { setTimeout as pause } from "node:timers/promises";
import { waitUntil } from "../container/wait-until.js";
import { runClient } from "../load/client-program.js";
import { createTalker } from "./create-talker.js";
import { parseTalkOptions } from "./talk-report.js";
import { type Talker, TalkTally } from "./talk-tally.js";

const LAST_WORDS_MS = 5_000;

const options = parseTalkOptions(process.argv[2] ?? "");
const tally = new TalkTally();

async function keepTalking(talker: Talker, stopping: () => boolean): Promise<void> {
  while (!stopping() && talker.isOpen) {
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

const talkers = Array.from({ length: options.connections }, (_, index) =>
  createTalker(index, options, tally),
);
await runClient(
  options.durationMs,
  () => tally.report(),
  async (stopping) => {
    await Promise.all(talkers.map((talker) => talker.open()));
    await Promise.all(talkers.map((talker) => keepTalking(talker, stopping)));
    if (options.numbered) await hearTheEnd(talkers);
    for (const talker of talkers) talker.close();
  },
);

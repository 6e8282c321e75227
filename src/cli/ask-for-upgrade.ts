import type { ControlClient, Following } from "../control/client.js";
import type { ControlFailure } from "../control/replies.js";
import type { UpgradeWish, Wait } from "../control/upgrade-wish.js";
import { type Result, succeed } from "../lib/failure.js";
import type { News } from "../model/event.js";
import type { Outcome } from "../model/upgrade-state.js";
import type { CommandLine, End } from "./command.js";
import { type Ended, endReload, goesOn, tellEnd } from "./end-of-upgrade.js";
import { followDrain } from "./follow-drain.js";
import { followUpgrade } from "./follow-upgrade.js";
import { isReloadCommand, type MainProcessWatch, watchMainProcess } from "./main-process.js";
import { startPatience } from "./patience.js";
import { say } from "./print.js";
import { startWaitingLine } from "./waiting-line.js";

/** Told by the last line, which comes from the outcome. */
const leftToTheOutcome: ReadonlySet<string> = new Set([
  "check-output",
  "generation-active",
  "generation-proved",
  "generation-rejected",
  "staged",
  "upgrade-done",
  "upgrade-failed",
]);

export interface WantedUpgrade {
  readonly command: "upgrade" | "rollback";
  readonly wish: UpgradeWish;
}

/** Why somebody asks for an upgrade, and how. */
export function whyOf({ message }: CommandLine): Pick<UpgradeWish, "message" | "reload"> {
  const words = message ?? process.env["HOLDFAST_MESSAGE"];
  return { ...(words !== undefined && { message: words }), ...(isReloadCommand() && { reload: true }) };
}

/** Asks for it; unless told not to, says one line a step until it has ended, and the end tells whether it worked. */
export async function askForUpgrade(
  client: ControlClient,
  line: CommandLine,
  { command, wish }: WantedUpgrade,
): Promise<End> {
  if (line.flags.has("no-wait")) {
    const asked = await client.request(command, wish);
    if (!asked.ok) return asked;
    say(`upgrade ${asked.value} asked for`);
    return succeed("done");
  }
  const done = wish.stage ? "staged" : "active";
  return waitForUpgrade(client, line, done, (following) => client.follow(command, following, wish));
}

/**
 * Says one line a step until the upgrade that `begin` asks for has ended, and with `--proved` until it is known what became of it. The
 * daemon may know of no upgrade; then `withoutUpgrade` is the end.
 */
export async function waitForUpgrade(
  client: ControlClient,
  { flags, timeoutMs }: CommandLine,
  done: Ended["done"],
  begin: (following: Following) => Promise<Result<Outcome | null, ControlFailure>>,
  withoutUpgrade: () => End = () => succeed("done"),
): Promise<End> {
  const patience = startPatience(timeoutMs);
  const waiting = startWaitingLine();
  const wait: Wait = flags.has("proved") ? "proved" : "done";
  let id: number | undefined;
  let main: MainProcessWatch | undefined;
  const following: Following = {
    signal: patience.signal,
    wait,
    onAccepted: (upgrade: number) => {
      id = upgrade;
    },
    onNews: (news: News) => {
      // In the journal the daemon has told it already.
      if (leftToTheOutcome.has(news.event) || isReloadCommand()) return;
      waiting.clear();
      say(news.message);
      waiting.waitFor(`since: ${news.message}`);
    },
  };
  try {
    const result = await followUpgrade(client, begin, following, (upgrade) => {
      if (isReloadCommand()) {
        main ??= watchMainProcess();
        return main.gone;
      }
      waiting.clear();
      say(`the connection to the daemon broke; the next daemon is asked about upgrade ${upgrade}`);
      return undefined;
    });
    waiting.end();
    if (!result.ok && result.failure.reason === "daemon-gone" && isReloadCommand()) await endReload();
    if (result.ok) {
      const { value: outcome } = result;
      if (outcome === null) return withoutUpgrade();
      const end = await tellEnd(client, { outcome, done, wait, following });
      if (end.ok && process.stdout.isTTY) await followDrain(client, patience.signal);
      return end;
    }
    return result.failure.reason === "aborted" ? goesOn(patience.over(), id) : result;
  } finally {
    waiting.end();
    main?.end();
    patience.end();
  }
}

import type { ControlClient, Following } from "../control/client.js";
import type { ControlFailure } from "../control/replies.js";
import type { UpgradeWish, Wait } from "../control/upgrade-wish.js";
import { type Result, succeed } from "../lib/failure.js";
import type { Outcome } from "../model/upgrade-state.js";
import type { CommandLine, End } from "./command.js";
import { type Ended, goesOn, tellEnd } from "./end-of-upgrade.js";
import { followUpgrade } from "./follow-upgrade.js";
import { isReloadCommand, watchMainProcess } from "./main-process.js";
import { startPatience } from "./patience.js";
import { createTeller, tellAsked } from "./tellers/create-teller.js";
import type { Teller } from "./tellers/teller.js";

export interface WantedUpgrade {
  readonly command: "upgrade" | "rollback";
  readonly wish: UpgradeWish;
}

/** Why somebody asks for an upgrade, and how. */
export function whyOf({ message }: CommandLine): Pick<UpgradeWish, "message" | "reload"> {
  const words = message ?? process.env["HOLDFAST_MESSAGE"];
  return { ...(words !== undefined && { message: words }), ...(isReloadCommand() && { reload: true }) };
}

/** Asks for it; unless told not to, tells how it goes until it has ended, and the end tells whether it worked. */
export async function askForUpgrade(
  client: ControlClient,
  line: CommandLine,
  { command, wish }: WantedUpgrade,
): Promise<End> {
  if (line.flags.has("no-wait")) {
    const asked = await client.request(command, wish);
    if (!asked.ok) return asked;
    tellAsked(line, asked.value);
    return succeed("done");
  }
  const done = wish.stage ? "staged" : "active";
  return waitForUpgrade(client, line, done, (following) => client.follow(command, following, wish));
}

/**
 * Tells how it goes until the upgrade that `begin` asks for has ended, and with `--proved` until it is known what became of it. The daemon may
 * know of no upgrade; then `withoutUpgrade` is the end.
 */
export async function waitForUpgrade(
  client: ControlClient,
  { flags, timeoutMs }: CommandLine,
  done: Ended["done"],
  begin: (following: Following) => Promise<Result<Outcome | null, ControlFailure>>,
  withoutUpgrade: (say: Teller["say"]) => End = () => succeed("done"),
): Promise<End> {
  const patience = startPatience(timeoutMs);
  const teller = await createTeller(client, { flags }, patience.signal);
  const wait: Wait = flags.has("proved") ? "proved" : "done";
  let id: number | undefined;
  // The daemon may have died since the signal with which a reload begins.
  const main = isReloadCommand() ? watchMainProcess() : undefined;
  const following: Following = {
    signal: patience.signal,
    wait,
    onAccepted: (upgrade: number) => {
      id = upgrade;
      teller.accepted(upgrade);
    },
    onNews: teller.news,
  };
  try {
    const onLost = (upgrade: number): void => {
      if (main !== undefined) return;
      teller.say(`the connection to the daemon broke; the next daemon is asked about upgrade ${upgrade}`);
    };
    const result = await followUpgrade(client, begin, following, onLost, main?.gone);
    if (!result.ok) return result.failure.reason === "aborted" ? goesOn(patience.over(), id) : result;
    const { value: outcome } = result;
    await teller.ended();
    const { say } = teller;
    const end =
      outcome === null ? withoutUpgrade(say) : await tellEnd(client, { outcome, done, wait, following, say });
    await teller.conclude(outcome);
    return end;
  } finally {
    teller.leave();
    main?.end();
    patience.end();
  }
}

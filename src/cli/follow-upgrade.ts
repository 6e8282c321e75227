import type { ControlClient, Following } from "../control/client.js";
import type { ControlFailure } from "../control/replies.js";
import { type Failure, fail, type Result } from "../lib/failure.js";
import type { Outcome } from "../model/upgrade-state.js";
import { isAway, pause, reconnectMs, retryMs } from "./patience.js";

export type FollowFailure = ControlFailure | Failure<"daemon-gone">;

/**
 * Waits for the end of an upgrade that `begin` asks for, also over the deaths of daemons: when the connection breaks, the next
 * daemon, which knows the upgrade from the state file, has 15 s to answer. `onLost` is called each time it breaks. `nobody` aborts when
 * there is nobody to wait for.
 */
export async function followUpgrade<T>(
  client: ControlClient,
  begin: (following: Following) => Promise<Result<T, ControlFailure>>,
  following: Following,
  onLost: (upgrade: number) => void,
  nobody?: AbortSignal,
): Promise<Result<T | Outcome, FollowFailure>> {
  let upgrade: number | undefined;
  let lostAt: number | undefined;
  const signal = nobody === undefined ? following.signal : AbortSignal.any([following.signal, nobody]);
  const watched: Following = {
    ...following,
    signal,
    onAccepted: (id) => {
      upgrade = id;
      lostAt = undefined;
      following.onAccepted(id);
    },
  };
  let result: Result<T | Outcome, ControlFailure> = await begin(watched);
  while (!result.ok && upgrade !== undefined) {
    if (nobody?.aborted) return leftAlone(`upgrade ${upgrade}`);
    if (!isAway(result.failure)) break;
    if (lostAt === undefined) onLost(upgrade);
    lostAt ??= performance.now();
    if (performance.now() - lostAt > reconnectMs) return stayedAway(upgrade, result.failure.message);
    await pause(retryMs, signal);
    result = await client.resume(upgrade, watched);
  }
  return !result.ok && nobody?.aborted ? leftAlone("the upgrade") : result;
}

function leftAlone(what: string): Result<never, Failure<"daemon-gone">> {
  const why = "the daemon died; the next one goes on with it (`holdfast status` tells)";
  return fail("daemon-gone", `cannot wait for the end of ${what}: ${why}`);
}

function stayedAway(upgrade: number, message: string): Result<never, Failure<"daemon-gone">> {
  const why = `the daemon went away and has not come back: ${message}`;
  return fail("daemon-gone", `cannot tell what became of upgrade ${upgrade}: ${why}`);
}

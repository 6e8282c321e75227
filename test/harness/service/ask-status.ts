import { createControlClient } from "../../../src/control/client.js";
import type { ControlFailure, StatusReport } from "../../../src/control/replies.js";
import { controlSocketIn } from "../../../src/lib/directories.js";
import { messageOf, type Result } from "../../../src/lib/failure.js";
import { DEADLINE_MS, waitUntil } from "../container/wait-until.js";
import { HarnessError } from "../harness-error.js";

/** The connection to a daemon that died waits in the backlog, because the fd store holds the socket. */
const PATIENCE_MS = 2_000;

/** As `holdfast -n NAME status --json` in the container of this PID 1, without starting Node there: this is asked many times. */
export function askStatus(
  { pid }: { readonly pid: number },
  name: string,
  timeoutMs = PATIENCE_MS,
): Promise<Result<StatusReport, ControlFailure>> {
  const socketPath = controlSocketIn(`/proc/${pid}/root/run/holdfast/${name}`);
  return createControlClient({ socketPath, timeoutMs }).status();
}

/** Returns when there is only the active generation: until it has ended, the one before may take a connection, too. */
export async function settled(where: { readonly pid: number }, name: string): Promise<StatusReport> {
  let seen = "";
  const look = async (): Promise<StatusReport | null> => {
    const status = await askStatus(where, name);
    seen = status.ok ? status.value.summary : status.failure.message;
    if (!status.ok) return null;
    const { lifecycle, upgrade, generations } = status.value;
    return lifecycle === "running" && upgrade === null && generations.length === 1 ? status.value : null;
  };
  return waitUntil(`${name} settled`, DEADLINE_MS, look).catch((cause: unknown) => {
    throw new HarnessError("deadline", `${messageOf(cause)}; seen at last: ${seen}`, { cause });
  });
}

import { createControlClient } from "../../../src/control/client.js";
import type { ControlFailure, StatusReport } from "../../../src/control/replies.js";
import { controlSocketIn } from "../../../src/lib/directories.js";
import type { Result } from "../../../src/lib/failure.js";

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

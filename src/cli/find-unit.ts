import { type Failure, fail, type Result, succeed } from "../lib/failure.js";
import { userOf } from "../linux/process-user.js";
import { reachDaemon } from "./ask-daemon.js";
import type { CommandLine } from "./command.js";
import type { Logger } from "./journal-matches.js";

const askTimeoutMs = 3_000;

/** A service that logs to the journal. */
export interface LoggedService extends Logger {
  readonly name: string;
}

/** The one that is meant, whether it runs or not. Fails with `no-journal` where systemd has not started it. */
export async function findUnit(line: CommandLine): Promise<Result<LoggedService, Failure>> {
  const client = await reachDaemon(line, askTimeoutMs);
  const status = client.ok ? await client.value.status() : client;
  if (status.ok) {
    const { name, unit, pid } = status.value;
    if (unit !== null) return succeed({ name, unit, uid: userOf(pid) });
    return fail(
      "no-journal",
      "the daemon is no unit of systemd's: its log is on its terminal or in its log file",
    );
  }
  // A service that does not run has its log all the same.
  const { name } = line;
  return name === undefined ? status : succeed({ name, unit: `holdfast@${name}.service`, uid: undefined });
}

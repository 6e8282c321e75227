import type { ControlClient } from "../control/client.js";
import { type Failure, type Result, succeed } from "../lib/failure.js";
import type { Command, CommandLine, End } from "./command.js";
import { findSocket } from "./find-socket.js";

/**
 * The `run` of a command that talks to the daemon of the instance that is meant. It fails like `findSocket`, and then nothing has
 * been sent. `timeoutMs` is for the beginning of each answer.
 */
export function askDaemon(
  ask: (client: ControlClient, line: CommandLine) => Promise<End>,
  timeoutMs?: number,
): Command["run"] {
  return async (line) => {
    const client = await reachDaemon(line, timeoutMs);
    return client.ok ? ask(client.value, line) : client;
  };
}

/** The way to the daemon that is meant; nothing has been sent yet. Fails like `findSocket`. */
export async function reachDaemon(
  { name, socket }: CommandLine,
  timeoutMs?: number,
): Promise<Result<ControlClient, Failure<"not-running" | "usage">>> {
  const found = findSocket({ name, socket, ...surroundings() });
  if (!found.ok) return found;
  const { createControlClient } = await import("../control/client.js");
  return succeed(createControlClient({ ...found.value, ...(timeoutMs !== undefined && { timeoutMs }) }));
}

/** Of this process. */
export function surroundings() {
  return { env: process.env, uid: process.geteuid?.() ?? 0 };
}

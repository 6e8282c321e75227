import type { ControlClient } from "../control/client.js";
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
    const { name, socket } = line;
    const found = findSocket({ name, socket, env: process.env, uid: process.geteuid?.() ?? 0 });
    if (!found.ok) return found;
    const { createControlClient } = await import("../control/client.js");
    return ask(createControlClient({ ...found.value, ...(timeoutMs !== undefined && { timeoutMs }) }), line);
  };
}

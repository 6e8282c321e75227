import { type ControlClient, createControlClient } from "../control/client.js";
import { type Result, succeed } from "../lib/failure.js";
import type { CommandLine } from "./command-line.js";
import { findSocket } from "./find-socket.js";

/** A client of the instance that the command line means. Fails like `findSocket`; nothing has been sent yet. */
export function connect(line: CommandLine, timeoutMs?: number): Result<ControlClient> {
  const { name, socket } = line;
  const found = findSocket({ name, socket, env: process.env, uid: process.geteuid?.() ?? 0 });
  if (!found.ok) return found;
  const socketPath = found.value;
  return succeed(createControlClient(timeoutMs === undefined ? { socketPath } : { socketPath, timeoutMs }));
}

import { once } from "node:events";
import { Server } from "node:net";
import type { Runtime } from "../runtime.js";

/**
 * Lets an app that handles SIGTERM end itself, in its own way. When the drain was not begun by a signal, its handlers
 * hear SIGTERM once the last connection is gone; then, or when nothing holds the process up any more, or at a second
 * SIGTERM, it ends. While the worker drains, closing a server of `servers` means to wait for the end of its drain, not to
 * cut its idle connections, and is no mistake.
 */
export function leaveEndToApp(runtime: Runtime, servers: ReadonlyMap<Server, unknown>): void {
  // The runtime's, and the one that counts.
  const own = 2;
  let signals = 0;
  process.on("SIGTERM", () => {
    signals += 1;
  });
  runtime.signal.addEventListener("abort", () => {
    for (const server of servers.keys()) Reflect.set(server, "close", closeCalmly);
  });
  runtime.onDrain(async () => {
    if (process.listenerCount("SIGTERM") <= own || signals > 1) return;
    if (signals === 0) process.emit("SIGTERM", "SIGTERM");
    await Promise.race([once(process, "SIGTERM"), once(process, "beforeExit")]);
  });
}

function closeCalmly(this: Server, callback?: () => void): Server {
  if (callback !== undefined) this.once("close", () => callback());
  return Server.prototype.close.call(this);
}

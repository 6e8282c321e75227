import { once } from "node:events";
import { Server } from "node:net";
import type { Runtime } from "../lifetime/runtime.js";

/**
 * Lets an app that handles SIGTERM end itself, in its own way. When the drain was not begun by a signal, its handlers
 * hear SIGTERM once the last connection is gone. It ends then, or when nothing holds the process up any more, or at a
 * second SIGTERM. While the worker drains, closing one of `servers` means to wait for the end of the drain, not to cut
 * idle connections, and is no mistake.
 */
export function leaveEndToApp(runtime: Runtime, servers: ReadonlyMap<Server, unknown>): void {
  // The runtime's, and the one that counts.
  const own = 2;
  let signals = 0;
  process.on("SIGTERM", () => {
    signals += 1;
  });
  let end: () => void = () => {};
  const drained = new Promise<void>((resolve) => {
    end = resolve;
  });
  runtime.signal.addEventListener("abort", () => {
    for (const server of servers.keys()) {
      Reflect.set(server, "close", (callback?: () => void) => {
        if (callback !== undefined) void drained.then(() => callback());
        return Server.prototype.close.call(server);
      });
    }
  });
  runtime.onDrain(async () => {
    end();
    if (process.listenerCount("SIGTERM") <= own || signals > 1) return;
    if (signals === 0) process.emit("SIGTERM", "SIGTERM");
    await Promise.race([once(process, "SIGTERM"), once(process, "beforeExit")]);
  });
}

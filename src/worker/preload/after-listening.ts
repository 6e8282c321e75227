import type { Server } from "node:net";

/**
 * Calls back once, when all that the app does at the server's next `listening` has been done; not at all when that throws. It is no
 * listener of its own, for apps count those.
 */
export function afterListening(server: Server, callback: () => void): void {
  const before = Object.getOwnPropertyDescriptor(server, "emit");
  const { emit } = server;
  function emitOnce(this: Server, event: string, ...args: unknown[]): boolean {
    if (event !== "listening") return Reflect.apply(emit, this, [event, ...args]);
    if (Reflect.get(server, "emit") === emitOnce) {
      if (before === undefined) Reflect.deleteProperty(server, "emit");
      else Object.defineProperty(server, "emit", before);
    }
    const heard: boolean = Reflect.apply(emit, this, [event, ...args]);
    if (!done) callback();
    done = true;
    return heard;
  }
  let done = false;
  Reflect.set(server, "emit", emitOnce);
}

import { once } from "node:events";
import type { Server } from "node:net";
import type { Runtime } from "../lifetime/runtime.js";

/** The runtime's handler of SIGTERM, and the one that counts. */
const own = 2;

/**
 * Lets an app that handles SIGTERM end itself, in its own way. When the drain was not begun by a signal, its handlers hear SIGTERM
 * as soon as nothing is left but connections which only the app can end (WebSockets, event streams): a handler that closes a database
 * cuts no request. At the latest they hear it when half of the drain's time is over, or the last connection has gone. The process ends when
 * the drain is over and the app has exited, or nothing holds the process up any more, or at a second SIGTERM. Until then the app's
 * closing of `servers` and its `process.exit()` wait; an exit with a failure does not.
 */
export function leaveEndToApp(
  runtime: Runtime,
  servers: ReadonlyMap<Server, unknown>,
  onSignal: () => void,
): void {
  let signals = 0;
  let told = false;
  // Before the app's handlers: they are not to end what goes on until the drain begins and is over.
  process.prependListener("SIGTERM", () => {
    onSignal();
    if (runtime.tellingApp) return;
    signals += 1;
    hold();
  });
  let end: () => void = () => {};
  const drained = new Promise<void>((resolve) => {
    end = resolve;
  });
  const tell = (): void => {
    told = true;
    runtime.tellApp();
  };
  const exit = new HeldExit();
  let held = false;
  const hold = (): void => {
    if (held) return;
    held = true;
    exit.hold();
    for (const server of servers.keys()) holdClose(server, drained);
  };
  runtime.signal.addEventListener("abort", hold);
  runtime.onOnlyStreams(() => {
    if (signals === 0 && process.listenerCount("SIGTERM") > own) tell();
  });
  runtime.onDrain(async () => {
    exit.letGo();
    end();
    if (exit.wanted || process.listenerCount("SIGTERM") <= own || signals > 1) return;
    if (signals === 0 && !told) tell();
    await Promise.race([once(process, "SIGTERM"), once(process, "beforeExit")]);
  });
}

/** Closing it means to wait for the end of the drain, which closes it, not to cut idle connections, and is no mistake. */
function holdClose(server: Server, drained: Promise<void>): void {
  Reflect.set(server, "close", (callback?: () => void) => {
    if (callback !== undefined) void drained.then(() => callback());
    return server;
  });
  for (const name of ["closeIdleConnections", "closeAllConnections"]) {
    if (name in server) Reflect.set(server, name, () => {});
  }
}

/** `process.exit` while the worker drains: an app that is done waits for the connections that it does not know of. */
class HeldExit {
  readonly #exit = process.exit;
  #wanted = false;

  /** The app has asked for its end. */
  get wanted(): boolean {
    return this.#wanted;
  }

  hold(): void {
    const wait = (): void => {
      this.#wanted = true;
    };
    Reflect.set(process, "exit", (code?: number | string | null) => {
      if (Number(code ?? process.exitCode ?? 0) === 0) wait();
      else Reflect.apply(this.#exit, process, [code]);
    });
  }

  letGo(): void {
    Reflect.set(process, "exit", this.#exit);
  }
}

import { Server } from "node:net";
import { formatAddress } from "../../lib/address.js";
import { report } from "../lifetime/report.js";
import { findListener } from "./find-listener.js";
import { readListenArguments } from "./listen-arguments.js";
import type { Passed } from "./passed.js";

/** In a thread of the app a server cannot have what was passed to the process: Node will only say that the address is in use. */
export function warnOfThread({ listeners }: Passed): void {
  const { listen } = Server.prototype;
  Reflect.set(Server.prototype, "listen", function (this: Server, ...args: unknown[]): Server {
    const wish = readListenArguments(args);
    const passed = wish === undefined || wish.kind === "fd" ? undefined : findListener(listeners, wish);
    if (passed !== undefined)
      report(`cannot listen on ${formatAddress(passed.address)} in a worker thread: ${remedy}`);
    return Reflect.apply(listen, this, args);
  });
}

const remedy =
  "the listener is for the main thread; let that one listen, and for several write `workers` in the config in place of threads";

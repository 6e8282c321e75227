import cluster from "node:cluster";
import { Server } from "node:net";
import { report } from "../lifetime/report.js";
import { handOutPresetHandle } from "../node-internals/preset-handle.js";
import { readListenArguments } from "./listen-arguments.js";
import { isPassed, type Passed } from "./passed.js";
import type { TakeOver } from "./take-over-listening.js";

/**
 * From now on a server that listens where a socket was passed takes that socket. Listening on any free port is left alone. `load`
 * makes this process the worker: where the sockets were passed to another one (npm, a shell), not before one of its servers
 * wants one of them.
 */
export function interceptListening(passed: Passed, load: () => TakeOver): void {
  let takeOver: TakeOver | undefined;
  const { listen, close } = Server.prototype;
  Reflect.set(Server.prototype, "listen", function (this: Server, ...args: unknown[]): Server {
    const native = (...changed: readonly unknown[]): void => {
      Reflect.apply(listen, this, changed);
    };
    const wish = readListenArguments(args);
    if (wish === undefined || (takeOver === undefined && !passed.own && !isPassed(passed, wish))) {
      native(...args);
      return this;
    }
    if (isPassed(passed, wish)) refuseCluster();
    takeOver ??= load();
    takeOver.listen(this, wish, args, native);
    return this;
  });
  Reflect.set(Server.prototype, "close", function (this: Server, ...args: unknown[]): Server {
    const wasListening = this.listening;
    Reflect.apply(close, this, args);
    if (wasListening) takeOver?.noteClosed(this);
    return this;
  });
  handOutPresetHandle((server, fd) => {
    if (!isPassed(passed, { kind: "fd", fd })) return false;
    server.listen({ fd });
    return true;
  });
}

/** Its parent listens for its workers, and none of these could stand by, say ready or hand over. */
function refuseCluster(): void {
  if (Object.keys(cluster.workers ?? {}).length === 0) return;
  report(
    "node:cluster cannot serve a listener of Holdfast: write `workers = N` in the config, and start the app without cluster",
  );
  process.exit(1);
}

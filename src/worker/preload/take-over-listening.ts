import cluster from "node:cluster";
import { Server } from "node:net";
import { formatAddress } from "../../lib/address.js";
import { backlogLimitOf } from "../../linux/backlog.js";
import { getRuntime, type Runtime } from "../lifetime/runtime.js";
import { holdListener } from "../node-internals/hold-listener.js";
import { createAppServer } from "../serve.js";
import { findListener, findListeners, type Passed } from "./find-listener.js";
import { leaveEndToApp } from "./leave-end-to-app.js";
import { readListenArguments, type WantedAddress } from "./listen-arguments.js";

/** A server of the app that listens on a passed socket. */
interface TakenServer {
  /** Makes it accept where it listens now. */
  accept: () => void;
  /** Whether this worker is past its standby, so that it accepts at once when it listens anew. */
  active: boolean;
}

/** Node's own `listen` of one server. */
type Listen = (...args: readonly unknown[]) => void;

/**
 * From now on a server that listens where a socket was passed takes that socket: it stands by, says ready by itself, and
 * its connections are handed over. Its `listening` event comes at once, in standby as well: that the app has listened
 * is what makes it ready. Listening anywhere else is left alone.
 */
export function takeOverListening(): void {
  const takeOver = new TakeOver(getRuntime());
  const { listen } = Server.prototype;
  Reflect.set(Server.prototype, "listen", function (this: Server, ...args: unknown[]): Server {
    takeOver.listen(this, args, (...changed) => Reflect.apply(listen, this, changed));
    return this;
  });
}

class TakeOver {
  readonly #runtime: Runtime;
  readonly #listeners: readonly Passed[];
  readonly #taken = new Map<Server, TakenServer>();
  #warned = false;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.#listeners = findListeners(runtime.claims.unclaimed);
    leaveEndToApp(runtime, this.#taken);
  }

  listen(server: Server, args: readonly unknown[], listen: Listen): void {
    const wish = readListenArguments(args);
    const passed = wish === undefined ? undefined : this.#choose(wish);
    if (passed === undefined) listen(...args);
    else this.#take(server, passed, args, listen);
  }

  /** A second server of one address shares the socket with the first. */
  #choose(wish: WantedAddress): Passed | undefined {
    if (Object.keys(cluster.workers ?? {}).length > 0) {
      this.#warn("node:cluster is left alone; start several workers with `workers` in the config");
      return undefined;
    }
    const free = new Set(this.#runtime.claims.unclaimed.map(({ fd }) => fd));
    const passed =
      findListener(
        this.#listeners.filter(({ fd }) => free.has(fd)),
        wish,
      ) ?? findListener(this.#listeners, wish);
    if (passed === undefined) {
      const known = this.#listeners
        .map(({ name, address }) => `${name} ${formatAddress(address)}`)
        .join(", ");
      const wanted = wish.kind === "path" ? wish.path : `port ${wish.port}`;
      this.#warn(`the app itself listens on ${wanted}: no such listener was passed (passed: ${known})`);
    }
    return passed;
  }

  #take(server: Server, passed: Passed, args: readonly unknown[], listen: Listen): void {
    const [options] = args;
    const callback = args.at(-1);
    const signal =
      typeof options === "object" && options !== null && "signal" in options ? options.signal : null;
    const accept = holdListener(server, passed, (fd) =>
      listen(signal === null ? { fd } : { fd, signal }, callback),
    );
    const acceptNow = (): void => {
      if (!this.#runtime.signal.aborted) accept(backlogLimitOf(passed.fd));
    };
    const known = this.#taken.get(server);
    if (known === undefined) this.#serve(server, passed, acceptNow);
    else {
      known.accept = acceptNow;
      if (known.active) acceptNow();
    }
  }

  #serve(server: Server, passed: Passed, accept: () => void): void {
    const taken: TakenServer = { accept, active: false };
    this.#taken.set(server, taken);
    const appServer = createAppServer(server, passed.name, async () => {
      taken.active = true;
      taken.accept();
    });
    this.#runtime.claims.takeFd(passed.fd);
    // What the app does when it listens is part of getting ready: if it throws there, it never is.
    server.once("listening", () => setImmediate(() => void this.#runtime.start(appServer, passed.fd)));
  }

  #warn(problem: string): void {
    if (!this.#warned) this.#runtime.report(problem);
    this.#warned = true;
  }
}

import type { Server } from "node:net";
import { type Address, formatAddress } from "../../lib/address.js";
import { backlogLimitOf } from "../../linux/backlog.js";
import { fatal } from "../lifetime/report.js";
import { getRuntime, type Runtime } from "../lifetime/runtime.js";
import { holdListener } from "../node-internals/hold-listener.js";
import { createAppServer } from "../serve.js";
import { afterListening } from "./after-listening.js";
import { collide, findListener } from "./find-listener.js";
import { leaveEndToApp } from "./leave-end-to-app.js";
import type { WantedAddress, WantedSocket } from "./listen-arguments.js";
import { firstFd } from "./passed.js";
import { findPassedListeners, type PassedListener } from "./passed-listeners.js";
import { resolvePlace } from "./resolve-place.js";

/** A server of the app that listens on a passed socket. */
interface TakenServer {
  readonly passed: PassedListener;
  /** What it asked for; undefined for an fd. */
  readonly wish: WantedAddress | undefined;
  /** Makes it accept where it listens now. */
  readonly accept: () => void;
  /** Whether this worker is past its standby, so that it accepts at once when it listens anew. */
  active: boolean;
}

/** Node's own `listen` of one server. */
type Listen = (...args: readonly unknown[]) => void;

/**
 * A server that listens where a socket was passed takes that socket: it stands by, says ready by itself, and its
 * connections are handed over. Its `listening` event comes at once, in standby as well: that the app has listened
 * is what makes it ready.
 */
export class TakeOver {
  readonly #runtime: Runtime;
  /** By the numbers that the app knows, which is those of the process that they were passed to. */
  readonly #listeners: ReadonlyMap<number, PassedListener>;
  /** Which the app has asked for, and no config names. */
  readonly #wanted: PassedListener[] = [];
  readonly #taken = new Map<Server, TakenServer>();
  readonly #told = new Set<string>();
  /** SIGTERM has come. */
  #ending = false;

  constructor() {
    this.#runtime = keepListenVariables(process.env, getRuntime);
    const { overseer, claims } = this.#runtime;
    const numbered = claims.unclaimed.map((one, at) => {
      return { one, number: overseer.kind === "holdfast" ? firstFd + at : one.fd };
    });
    this.#listeners = new Map(
      numbered.flatMap(({ one, number }) =>
        findPassedListeners([one]).map((passed): [number, PassedListener] => [number, passed]),
      ),
    );
    leaveEndToApp(this.#runtime, this.#taken, () => {
      this.#ending = true;
    });
  }

  /** In the place of `native`, which does what Node would do. */
  listen(server: Server, wish: WantedSocket, args: readonly unknown[], native: Listen): void {
    const passed = this.#choose(wish);
    if (passed !== undefined) this.#serve(server, passed, wish, args, native);
    else if (wish.kind === "fd") native(...args);
    else
      resolvePlace(wish, (place) => {
        const wanted = this.#want(wish, place);
        if (wanted === undefined) native(...args);
        else this.#serve(server, wanted, wish, args, native);
      });
  }

  #serve(
    server: Server,
    passed: PassedListener,
    wish: WantedSocket,
    args: readonly unknown[],
    native: Listen,
  ): void {
    const wished = wish.kind === "fd" ? undefined : wish;
    const others = this.#listening(passed).filter(([other]) => other !== server);
    const inUse = others.some(([, { wish: first }]) => {
      return wished === undefined || first === undefined || collide(passed.address, wished, first);
    });
    // Node says so.
    if (inUse) native(...args);
    else {
      if (wished !== undefined) this.#tellDifference(wished, passed, others.length > 0);
      this.#take(server, passed, wished, args, native);
    }
  }

  /** Outside of the drain; nobody refuses the clients that come now, for the socket is not this process's to close. */
  noteClosed(server: Server): void {
    const taken = this.#taken.get(server);
    const ends = this.#ending || this.#runtime.signal.aborted;
    if (taken === undefined || ends || this.#listening(taken.passed).length > 0) return;
    const { name, address } = taken.passed;
    this.#tell(
      `the app has closed its server on listener ${name} (${formatAddress(address)}): whoever connects now waits until it listens again, or until another worker accepts`,
    );
  }

  #choose(wish: WantedSocket): PassedListener | undefined {
    if (wish.kind === "fd") return this.#listeners.get(wish.fd);
    const all = [...this.#listeners.values()];
    const unclaimed = new Set(this.#runtime.claims.unclaimed.map(({ fd }) => fd));
    const free = all.filter(({ fd }) => unclaimed.has(fd));
    return findListener(free, wish) ?? findListener(all, wish) ?? findListener(this.#wanted, wish);
  }

  /** One that no config names. Undefined: the app has to listen by itself. */
  #want(wish: WantedAddress, place: Address | undefined): PassedListener | undefined {
    const got = place === undefined ? undefined : this.#runtime.wantListener(formatAddress(place));
    if (got?.ok) {
      const [listener] = findPassedListeners([got.value]);
      if (listener !== undefined) this.#wanted.push(listener);
      return listener;
    }
    const known = [...this.#listeners.values(), ...this.#wanted].map(describe).join(", ") || "none";
    const itself = `the app itself listens on ${describeWish(wish)}`;
    if (got === undefined) this.#tell(`${itself}: no such listener was passed (passed: ${known})`);
    else {
      const problem = `${itself}, which is not in the config: ${got.failure.message}`;
      this.#tell(problem);
      this.#runtime.tellStatus(problem);
    }
    return undefined;
  }

  #listening(passed: PassedListener): [Server, TakenServer][] {
    return [...this.#taken].filter(([server, taken]) => taken.passed === passed && server.listening);
  }

  #take(
    server: Server,
    passed: PassedListener,
    wish: WantedAddress | undefined,
    args: readonly unknown[],
    native: Listen,
  ): void {
    const [options] = args;
    const callback = args.at(-1);
    const signal =
      typeof options === "object" && options !== null && "signal" in options ? options.signal : null;
    // What the app does when it listens is part of getting ready: if it throws there, it never is.
    const known = this.#taken.get(server);
    if (known === undefined) afterListening(server, () => this.#start(server, passed));
    const accept = holdListener(server, passed, (fd) =>
      native(signal === null ? { fd } : { fd, signal }, callback),
    );
    const acceptNow = (): void => {
      if (!this.#runtime.signal.aborted) accept(backlogLimitOf(passed.fd));
    };
    this.#runtime.claims.takeFd(passed.fd);
    const active = known?.active ?? false;
    this.#taken.set(server, { passed, wish, accept: acceptNow, active });
    if (active) acceptNow();
  }

  #start(server: Server, { name, fd }: PassedListener): void {
    const appServer = createAppServer(server, name, async () => {
      const taken = this.#taken.get(server);
      if (taken === undefined) return;
      taken.active = true;
      taken.accept();
    });
    // The app waits for nothing, and might catch what nobody has caught.
    setImmediate(() => void this.#runtime.start(appServer, fd).catch(fatal));
  }

  /** Of the address that its clients will know and the one that they can reach. */
  #tellDifference(wish: WantedAddress, passed: PassedListener, shared: boolean): void {
    const { address } = passed;
    if (shared) {
      this.#tell(
        `the app listens on ${describeWish(wish)}, too, and gets what comes to listener ${describe(passed)}: only that one is in the config`,
      );
    }
    if (address.kind === "unix" && address.path.startsWith("@") && process.version.startsWith("v20.")) {
      this.#tell(
        `clients on Node 20 do not reach listener ${describe(passed)}: they fill abstract names up to 108 bytes; use a path`,
      );
    }
  }

  #tell(problem: string): void {
    if (this.#told.has(problem)) return;
    this.#told.add(problem);
    this.#runtime.report(problem);
  }
}

/** The library takes them away; an app that looks for them itself is to find them as it would without. */
function keepListenVariables<T>(env: NodeJS.ProcessEnv, take: () => T): T {
  const { LISTEN_FDS: fds, LISTEN_FDNAMES: names } = env;
  const taken = take();
  if (fds !== undefined) Object.assign(env, { LISTEN_PID: process.pid, LISTEN_FDS: fds });
  if (names !== undefined) env["LISTEN_FDNAMES"] = names;
  return taken;
}

function describe({ name, address }: PassedListener): string {
  return `${name} ${formatAddress(address)}`;
}

function describeWish(wish: WantedAddress): string {
  if (wish.kind === "path") return wish.path;
  const { host, port } = wish;
  if (host === undefined) return `port ${port}`;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

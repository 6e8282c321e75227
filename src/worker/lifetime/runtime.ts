import type { Socket } from "node:net";
import { type Failure, fail, type Result } from "../../lib/failure.js";
import { version } from "../../lib/version.js";
import { Watcher } from "../../linux/epoll.js";
import { makeRoomForFds } from "../../linux/fd.js";
import type { InheritedFd } from "../../systemd/listen-fds.js";
import { StateKeeper } from "../app-state/state-keeper.js";
import type { Carrier } from "../carriers/carrier.js";
import type { NodeServer } from "../carriers/listen.js";
import type { ServedCarrier } from "../carriers/served-carrier.js";
import type { DirectService } from "../direct/direct-service.js";
import type { StoredFds } from "../direct/stored-fds.js";
import { IncomingHandOvers } from "../hand-over/incoming-hand-overs.js";
import { AcceptLimit } from "./accept-limit.js";
import { Activation } from "./activation.js";
import { type AppServer, AppServers } from "./app-servers.js";
import { DaemonLink } from "./daemon-link.js";
import { DaemonOrders } from "./daemon-orders.js";
import { ListenerClaims } from "./listener-claims.js";
import { ListenerWish } from "./listener-wish.js";
import { findOverseer, type Overseer } from "./overseer.js";
import { fatal, report } from "./report.js";
import { readDrainTimeout, WorkerEnd } from "./worker-end.js";

/** A daemon that is just being replaced is there again by then. */
const daemonAnswersMs = 10_000;
const statusLongest = 200;
/** Connections that come all at once at an upgrade find room. */
const manyFds = 16_384;

/**
 * What a process has of Holdfast, once: who looks after it, what it serves, its drain. ESM and CommonJS copies of the library
 * in one process share it.
 */
export class Runtime {
  readonly overseer: Overseer;
  readonly claims: ListenerClaims;
  readonly #watcher = new Watcher();
  readonly #link: DaemonLink | undefined;
  readonly #appServers = new AppServers();
  readonly #welcome: Promise<boolean>;
  readonly #activation = new Activation();
  readonly #acceptLimit = new AcceptLimit();
  readonly #incoming = new IncomingHandOvers();
  /** The version of the worker protocol. */
  #daemonSpeaks: number | undefined;
  #wish: ListenerWish | undefined;
  /** It has not been told to accept yet. */
  #needsDaemon = true;
  #saidReady = false;
  #tellingApp = false;
  /** Where systemd is the manager. */
  readonly #direct: Promise<DirectService> | undefined;
  readonly #end: WorkerEnd;
  readonly #orders: DaemonOrders;
  /** The app's values. */
  readonly state: StateKeeper;

  constructor(env: NodeJS.ProcessEnv = process.env) {
    this.overseer = findOverseer(env, process.pid);
    const { HOLDFAST_STATE_DIRECTORY: own, STATE_DIRECTORY: systemds } = env;
    this.state = new StateKeeper({
      directory: own ?? systemds?.split(":")[0] ?? null,
      file: `app.${this.overseer.kind === "holdfast" ? this.overseer.worker : 0}.json`,
      report,
    });
    this.claims = new ListenerClaims(this.overseer);
    if (this.overseer.kind === "systemd") this.#direct = this.#openDirect(env, this.overseer.stored);
    this.#end = new WorkerEnd({
      served: this.#appServers.served,
      incoming: this.#incoming,
      watcher: this.#watcher,
      state: this.state,
      direct: this.#direct,
      drainTimeoutMs: readDrainTimeout(env, report),
      hearDaemon: () => this.#link?.hear() ?? true,
      askForHeir: () => this.#askForHeir(),
      sayGoodbye: () => this.#orders.tellCounts(0),
      report,
    });
    this.#orders = new DaemonOrders({
      appServers: this.#appServers,
      state: this.state,
      activation: this.#activation,
      acceptLimit: this.#acceptLimit,
      incoming: this.#incoming,
      end: this.#end,
      watcher: this.#watcher,
      send: (message, fds) => this.#link?.send(message, fds),
      report,
    });
    this.#end.signal.addEventListener("abort", () => this.#acceptLimit.end());
    let welcomed: (standby: boolean) => void = () => {};
    this.#welcome = new Promise((resolve) => {
      welcomed = resolve;
    });
    if (this.overseer.kind === "holdfast") {
      makeRoomForFds(manyFds).catch(report);
      this.#link = new DaemonLink({
        fd: this.overseer.channelFd,
        watcher: this.#watcher,
        library: version,
        onMessage: (message, fds) => {
          if (message.type === "listener" && this.#wish?.take(message, fds)) return;
          if (message.type === "welcome") {
            this.#daemonSpeaks ??= message.protocol;
            this.#needsDaemon &&= message.standby;
            welcomed(message.standby);
          }
          if (message.type === "activate") this.#needsDaemon = false;
          this.#orders.obey(message, fds);
        },
        onLost: (why) => {
          if (this.#needsDaemon) fatal(`there is no daemon that could tell this worker to: ${why}`);
          report(`lost the daemon: ${why}; SIGTERM still drains`);
          this.#end.loseDaemon();
        },
      });
    } else {
      // Nothing else would keep it from holding up a process that has nothing to do.
      this.#watcher.unref();
      welcomed(false);
    }
    // The app may have been quicker, and what it does then is no mistake only once the drain has begun.
    process.prependListener("SIGTERM", () => {
      if (!this.#tellingApp) this.#end.terminate();
    });
  }

  /** Aborted when the drain begins: for work that would otherwise go on for long. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  get served(): readonly ServedCarrier[] {
    return this.#appServers.served;
  }

  onDrain(hook: () => unknown): void {
    this.#end.onDrain(hook);
  }

  onOnlyStreams(hook: () => void): void {
    this.#end.onOnlyStreams(hook);
  }

  /** Lets the app's own handlers hear SIGTERM, and nobody else. */
  tellApp(): void {
    this.#tellingApp = true;
    try {
      process.emit("SIGTERM", "SIGTERM");
    } finally {
      this.#tellingApp = false;
    }
  }

  get tellingApp(): boolean {
    return this.#tellingApp;
  }

  /** Listens, unless in standby; says ready once every inherited listener is served. */
  async start(appServer: AppServer, fd: number | undefined): Promise<void> {
    this.state.seal();
    this.#appServers.add(appServer);
    this.#acceptLimit.add(appServer.server, appServer.listener);
    const standby = await this.#welcome;
    if (standby) void this.#activation.happened.then(() => this.#listen(appServer, fd)).catch(fatal);
    else await this.#listen(appServer, fd);
    if (this.claims.unclaimed.length > 0) return;
    this.#saidReady = true;
    this.#link?.send({ type: "ready" });
  }

  async #listen(appServer: AppServer, fd: number | undefined): Promise<void> {
    const direct = await this.#direct;
    direct?.beginStart();
    this.state.begin();
    direct?.tickets.share(appServer);
    await appServer.listen(fd ?? (await direct?.listeners.bind(appServer)));
    direct?.endStart();
  }

  /**
   * A listener at an address that is not in the config; the daemon keeps it for the worker that comes after this one. Stands still
   * until the daemon has answered. Undefined where there is no daemon that knows how.
   */
  wantListener(address: string): Result<InheritedFd, Failure<"sockets-refused">> | undefined {
    const link = this.#link;
    if (link === undefined || !link.await(() => this.#daemonSpeaks !== undefined, daemonAnswersMs))
      return undefined;
    if ((this.#daemonSpeaks ?? 0) < 3) return undefined;
    const wish = new ListenerWish();
    this.#wish = wish;
    link.send({ type: "want", request: wish.request, address });
    link.await(() => wish.result !== undefined, daemonAnswersMs);
    return wish.result ?? fail("sockets-refused", "the daemon has not answered in time");
  }

  /** What is shown beside this worker, and told when it ends before it is ready. */
  tellStatus(text: string): void {
    this.#link?.send({ type: "status", text: text.slice(0, statusLongest) });
  }

  /** Another carrier for connections that begin at a server, served already or later: WebSockets. */
  attach(server: NodeServer, carrier: Carrier): void {
    if (this.#appServers.attach(server, carrier)) void this.#direct?.then((direct) => direct.notice());
  }

  /** The server's own carrier lets go of a socket that it has upgraded. */
  releaseUpgraded(server: NodeServer, socket: Socket): void {
    this.#appServers.releaseUpgraded(server, socket);
  }

  report(problem: string): void {
    report(problem);
  }

  /** Not before this worker serves: until then its end is a failure to start. Nor where the daemon would not know what to do. */
  #askForHeir(): boolean {
    const known = (this.#daemonSpeaks ?? 0) >= 3;
    if (this.#link === undefined || !known || this.#needsDaemon || !this.#saidReady) return false;
    this.#link.send({ type: "leaving" });
    return true;
  }

  /** Loaded only where it is needed. */
  async #openDirect(env: NodeJS.ProcessEnv, stored: StoredFds): Promise<DirectService> {
    const { DirectService } = await import("../direct/direct-service.js");
    return new DirectService({
      env,
      pid: process.pid,
      stored,
      served: () => this.served,
      unclaimed: () => this.claims.unclaimed.map(({ name }) => name),
      state: this.state,
      report,
    });
  }
}

const key = Symbol.for("holdfast.worker.runtime.1");

/** The process's runtime, made at its first use. */
export function getRuntime(): Runtime {
  const known: unknown = Reflect.get(globalThis, key);
  if (isRuntime(known)) return known;
  const runtime = new Runtime();
  Reflect.set(globalThis, key, runtime);
  return runtime;
}

/** The other copy's class is not this one's; the number in the key is counted up when the two would not fit together. */
function isRuntime(value: unknown): value is Runtime {
  return value !== undefined;
}

import type { Socket } from "node:net";
import type { DaemonMessage } from "../../channel/worker-messages.js";
import { messageOf } from "../../lib/failure.js";
import { version } from "../../lib/version.js";
import { Watcher } from "../../linux/epoll.js";
import { closeFd } from "../../linux/fd.js";
import { StateKeeper } from "../app-state/state-keeper.js";
import type { Carrier } from "../carriers/carrier.js";
import type { NodeServer } from "../carriers/listen.js";
import type { ServedCarrier } from "../carriers/served-carrier.js";
import type { DirectService } from "../direct/direct-service.js";
import type { StoredFds } from "../direct/stored-fds.js";
import { Incoming } from "../hand-over/incoming-hand-overs.js";
import { createPeer, type Peer } from "../hand-over/peer.js";
import { HandOverReceiver } from "../hand-over/receiver.js";
import { Activation } from "./activation.js";
import { type AppServer, AppServers } from "./app-servers.js";
import { DaemonLink } from "./daemon-link.js";
import { drainTimeoutMs } from "./drain-timeout.js";
import { WorkerEnd } from "./ending.js";
import { ListenerClaims } from "./listener-claims.js";
import { findOverseer, type Overseer } from "./overseer.js";

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
  readonly #incoming = new Incoming();
  /** It has not been told to accept yet. */
  #needsDaemon = true;
  /** Where systemd is the manager. */
  readonly #direct: Promise<DirectService> | undefined;
  readonly #ending: WorkerEnd;
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
    this.#ending = new WorkerEnd({
      served: this.#appServers.served,
      incoming: this.#incoming,
      watcher: this.#watcher,
      state: this.state,
      direct: this.#direct,
      drainTimeoutMs: drainTimeoutMs(env, report),
      hearDaemon: () => this.#link?.hear() ?? true,
      sayGoodbye: () => this.#answer(0),
      report,
    });
    let welcomed: (standby: boolean) => void = () => {};
    this.#welcome = new Promise((resolve) => {
      welcomed = resolve;
    });
    if (this.overseer.kind === "holdfast") {
      this.#link = new DaemonLink({
        fd: this.overseer.channelFd,
        watcher: this.#watcher,
        library: version,
        onMessage: (message, fds) => {
          if (message.type === "welcome") {
            this.#needsDaemon &&= message.standby;
            welcomed(message.standby);
          }
          this.#take(message, fds);
        },
        onLost: (why) => {
          if (this.#needsDaemon) fatal(`there is no daemon that could tell this worker to: ${why}`);
          report(`lost the daemon: ${why}; SIGTERM still drains`);
        },
      });
    } else {
      // Nothing else would keep it from holding up a process that has nothing to do.
      this.#watcher.unref();
      welcomed(false);
    }
    process.on("SIGTERM", () => this.#ending.terminate());
  }

  /** Aborted when the drain begins: for work that would otherwise go on for long. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  get served(): readonly ServedCarrier[] {
    return this.#appServers.served;
  }

  onDrain(hook: () => unknown): void {
    this.#ending.onDrain(hook);
  }

  /** Listens, unless in standby; says ready once every inherited listener is served. */
  async start(appServer: AppServer, fd: number | undefined): Promise<void> {
    this.state.seal();
    this.#appServers.add(appServer);
    const standby = await this.#welcome;
    if (standby) void this.#activation.happened.then(() => this.#listen(appServer, fd)).catch(fatal);
    else await this.#listen(appServer, fd);
    if (this.claims.unclaimed.length === 0) this.#link?.send({ type: "ready" });
  }

  async #listen(appServer: AppServer, fd: number | undefined): Promise<void> {
    const direct = await this.#direct;
    direct?.beginStart();
    this.state.begin();
    direct?.tickets.share(appServer);
    await appServer.listen(fd ?? (await direct?.bind(appServer)));
    direct?.endStart();
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

  #take(message: DaemonMessage, fds: readonly number[]): void {
    const taken = this.#dispatch(message, fds);
    if (!taken) fds.forEach(closeFd);
  }

  /** Whether the fds were taken over. */
  #dispatch(message: DaemonMessage, fds: readonly number[]): boolean {
    const [fd] = fds;
    switch (message.type) {
      case "welcome":
      case "renew-tickets":
        this.#appServers.shareTickets(Buffer.from(message.tickets, "base64"));
        return false;
      case "activate":
        this.#needsDaemon = false;
        this.#activation.order(message.after);
        return false;
      case "save":
        this.#save(message.query);
        return false;
      case "try": {
        const failure = this.state.take(message.entries, fd);
        this.#link?.send({ type: "verdict", query: message.query, failure });
        return false;
      }
      case "query":
        this.#answer(message.query);
        return false;
      case "probe":
        return fd !== undefined && fds.length === 1 && this.#appServers.probe(message.listener, fd);
      case "receive":
        if (fd === undefined || fds.length !== 1) return false;
        return this.#receive(message.from, fd);
      case "drain":
        return this.#ending.obey(message, fds);
      default:
        return message satisfies never;
    }
  }

  #save(query: number): void {
    const { entries, fd, failure } = this.state.give();
    this.#link?.send({ type: "saved", query, entries: [...entries], failure }, fd === undefined ? [] : [fd]);
    if (fd !== undefined) closeFd(fd);
  }

  #answer(query: number): void {
    this.#link?.send({ type: "report", query, servers: this.#appServers.count() });
  }

  /** False when this process is out of fds. */
  #receive(from: { readonly name: string; readonly pid: number }, fd: number): boolean {
    let peer: Peer;
    try {
      peer = createPeer(from.name, from.pid, fd, this.#watcher);
    } catch (error) {
      report(`cannot receive the connections of worker ${from.name}: ${messageOf(error)}`);
      return false;
    }
    const receiver = new HandOverReceiver({
      served: () => this.served,
      peer,
      watcher: this.#watcher,
      onState: (entries, fd) => {
        const refused = this.state.take(entries, fd);
        if (refused !== null) report(`the state of worker ${peer.name} is lost: ${refused}`);
        this.#activation.noteLetGo(peer.name);
      },
      onEnd: () => this.#activation.noteLetGo(peer.name),
      onClosed: () => this.#incoming.remove(receiver),
      report,
    });
    this.#incoming.add(receiver);
    return true;
  }
}

function report(problem: string): void {
  process.stderr.write(`holdfast: ${problem}\n`);
}

function fatal(error: unknown): never {
  report(`cannot listen: ${String(error)}`);
  process.exit(1);
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

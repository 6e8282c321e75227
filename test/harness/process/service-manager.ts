import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { Watcher } from "../../../src/linux/epoll.js";
import { DEADLINE_MS, waitUntil } from "../container/wait-until.js";
import { HarnessError } from "../harness-error.js";
import { FdStore } from "./fd-store.js";
import { NotifySocket } from "./notify-socket.js";

/** The shell becomes the daemon, so LISTEN_PID is the daemon's own pid. */
const becomeDaemon = 'LISTEN_PID=$$ exec "$0" "$@"';

/** A socket of the unit's .socket file: the manager's, which the service only gets copies of. */
export interface UnitSocket {
  readonly name: string;
  readonly fd: number;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ServiceManagerOptions {
  /** Of this manager alone; must exist. */
  readonly directory: string;
  readonly sockets: readonly UnitSocket[];
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * A service manager for one service that keeps systemd's side of the contract: it passes the unit's sockets and
 * then the fd store in LISTEN_FDS, takes notify messages, and starts and stops the main process and nothing else
 * (KillMode=process).
 */
export class ServiceManager implements AsyncDisposable {
  readonly store = new FdStore();
  readonly logFile: string;
  /** Every assignment of the current main process, in order, as `KEY=value`; those about fds left out. */
  messages: string[] = [];
  /** Changes what the next start passes; for daemons that are started wrongly. */
  readonly override: Record<string, string | undefined> = {};
  /** What the next main process writes to instead of the log file; the caller's to close. */
  output: number | undefined;
  readonly #options: ServiceManagerOptions;
  readonly #watcher = new Watcher();
  readonly #notify: NotifySocket;
  #child: ChildProcess | undefined;
  #exited = Promise.resolve(undefined);

  constructor(options: ServiceManagerOptions) {
    this.#options = options;
    this.logFile = `${options.directory}/daemon.log`;
    this.#notify = new NotifySocket(
      `${options.directory}/manager.sock`,
      this.#watcher,
      this.store,
      (key, value) => {
        if (!key.startsWith("FD")) this.messages.push(`${key}=${value}`);
      },
    );
  }

  /** NOTIFY_SOCKET of the unit's processes. */
  get notifyPath(): string {
    return this.#notify.path;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined)
      throw new HarnessError("not-started", "cannot tell the daemon's pid: it was not started");
    return pid;
  }

  /** How the main process ended; undefined while it runs. */
  get exit(): Exit | undefined {
    const child = this.#child;
    if (child === undefined)
      throw new HarnessError("not-started", "cannot tell how it ended: it was not started");
    if (child.exitCode === null && child.signalCode === null) return undefined;
    return { code: child.exitCode, signal: child.signalCode };
  }

  /** Ends with the main process that runs now. */
  get exited(): Promise<undefined> {
    return this.#exited;
  }

  /** The last STATUS=. */
  get status(): string {
    return this.messages.findLast((message) => message.startsWith("STATUS="))?.slice("STATUS=".length) ?? "";
  }

  /** Starts the main process with the unit's sockets, then what is in the store. */
  start(): void {
    this.messages = [];
    const { sockets, command, environment } = this.#options;
    const passed = [...sockets, ...this.store.entries];
    const log = openSync(this.logFile, "a");
    const listen = {
      LISTEN_FDS: String(passed.length),
      LISTEN_FDNAMES: passed.map(({ name }) => name).join(":"),
    };
    const env = {
      PATH: process.env["PATH"],
      ...environment,
      NOTIFY_SOCKET: this.#notify.path,
      ...(passed.length > 0 ? listen : {}),
      ...this.override,
    };
    const script = "LISTEN_PID" in this.override ? 'exec "$0" "$@"' : becomeDaemon;
    try {
      const child = spawn("/bin/sh", ["-c", script, ...command], {
        env,
        stdio: ["ignore", this.output ?? log, this.output ?? log, ...passed.map(({ fd }) => fd)],
        // Away from the terminal of whoever runs the tests, as under systemd.
        detached: true,
      });
      this.#child = child;
      this.#exited = new Promise((resolve) => child.once("exit", () => resolve(undefined)));
    } finally {
      closeSync(log);
    }
  }

  /** Starts it and waits for READY=1; throws with the daemon's own words when it exits instead. */
  async startReady(): Promise<void> {
    this.start();
    await this.waitFor("READY=1", () => {
      if (this.exit !== undefined) throw new HarnessError("exited", `the daemon exited:\n${this.log()}`);
      return this.messages.includes("READY=1");
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Waits until the main process has ended and all it said has been taken. */
  async ended(): Promise<Exit> {
    const exit = await this.waitFor("the daemon's exit", () => this.exit);
    this.#notify.receive();
    return exit;
  }

  /** SIGKILL: what is in the store stays, the workers run on. */
  async kill9(): Promise<void> {
    this.signal("SIGKILL");
    await this.ended();
  }

  /** As `systemctl stop`: SIGTERM, and with the end of the main process the store is emptied. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Exit> {
    this.signal(signal);
    const exit = await this.ended();
    this.store.clear();
    return exit;
  }

  /** Waits until `probe` gives something; on the deadline the daemon's log is in the error. */
  async waitFor<T>(
    what: string,
    probe: () => Promise<T | false | undefined> | T | false | undefined,
    deadlineMs = DEADLINE_MS,
  ): Promise<T> {
    try {
      return await waitUntil(what, deadlineMs, probe);
    } catch (error) {
      if (!(error instanceof HarnessError) || error.code !== "deadline") throw error;
      throw new HarnessError("deadline", `${error.message}; the daemon said:\n${this.log()}`);
    }
  }

  log(): string {
    return readFileSync(this.logFile, "utf8").split("\n").slice(-60).join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child !== undefined && this.exit === undefined) await this.kill9();
    this.store.clear();
    this.#notify[Symbol.dispose]();
    this.#watcher.close();
  }
}

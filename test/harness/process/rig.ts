import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ControlClient, createControlClient } from "../../../src/control/client.js";
import type { StatusReport, UpgradeWish } from "../../../src/control/port.js";
import { controlSocketIn } from "../../../src/lib/directories.js";
import type { Failure } from "../../../src/lib/failure.js";
import { closeFd } from "../../../src/linux/fd.js";
import type { State } from "../../../src/model/state.js";
import type { Outcome } from "../../../src/model/upgrade-state.js";
import { snapshotDirectory } from "../../../src/release/places.js";
import { removeTree } from "../../../src/release/remove-snapshot.js";
import { readStateFile } from "../../../src/state/state-file.js";
import type { Behaviour } from "./behaviour.js";
import { faultVariable } from "./fault.js";
import { findDaemons, findProcesses, findWorkers, killDaemons, killWorkers } from "./own-processes.js";
import { openAt, openAtFreePort, portOf } from "./ports.js";
import { faultyDaemon, nativePuppet, presentDaemon, puppet } from "./programs.js";
import { type Answer, ask, RequestLoop } from "./requests.js";
import { ServiceManager, type ServiceManagerOptions, type UnitSocket } from "./service-manager.js";
import { withoutJudges } from "./unjudged.js";

export interface RigOptions {
  /** Of the instance, where somebody is to read it. */
  readonly name?: string;
  /** Where runtime directories of several instances are to be found by their names. */
  readonly runtimeBase?: string;
  readonly workers?: number;
  /** TOML after the keys that every test needs. */
  readonly config?: string;
  /** The daemon's effects can be made to fail: `armFault(rig.directory, …)`. */
  readonly faulty?: boolean;
  /** Puppets with the library instead of the plain contract. */
  readonly native?: boolean;
  /** One writer at a time. */
  readonly exclusive?: boolean;
  /** Workers hold a lock that only one process can have, and do not start without it. */
  readonly locked?: boolean;
  /** Generations run in the release itself, not in snapshots. */
  readonly inPlace?: boolean;
  /** Log to `holdfast.log` in the rig's directory instead of to stderr. */
  readonly logFile?: boolean;
  /** There is no service manager: nobody keeps fds, hears READY=1 or starts the next daemon. */
  readonly standalone?: boolean;
  /** The socket unit also has `unit.sock` in the rig's directory, named `unix`. */
  readonly unixSocket?: boolean;
  /** What it passes besides; the rig closes them. */
  readonly alsoPassed?: readonly UnitSocket[];
}

const probeTimeoutMs = 500;
let made = 0;

/** One service in directories of its own: the manager, a release of puppets, a socket unit on a free port. */
export class Rig implements AsyncDisposable {
  readonly name: string;
  readonly directory = mkdtempSync(join(tmpdir(), "holdfast-"));
  readonly runtimeDirectory: string;
  readonly stateDirectory = join(this.directory, "state");
  readonly configFile = join(this.directory, "service.toml");
  /** A link to the daemon's program, as a package puts it. */
  readonly program = join(this.directory, "holdfastd.js");
  readonly port: number;
  strategy: "overlap" | "exclusive";
  /** How many fds a worker of the next config may have; undefined leaves it to the system. */
  fdLimit: number | undefined;
  /** Workers of the next config have no capabilities, as under the units: the kernel's limits hold for them. */
  unprivileged = false;
  /** Which puppets the next config names. */
  native: boolean;
  /** What the next config runs instead of puppets; undefined for those. */
  app: readonly string[] | undefined;
  readonly manager: ServiceManager;
  readonly managerOptions: ServiceManagerOptions;
  readonly control: ControlClient;
  /** Impatient: the connection to a daemon that died waits in the backlog, because the fd store holds the socket. */
  readonly #probe: ControlClient;
  readonly #sockets: readonly UnitSocket[];
  readonly #inPlace: boolean;
  readonly #locked: boolean;
  /** How many the next config names. */
  workersWanted: number;

  constructor({
    name = `test-${process.pid}-${made++}`,
    runtimeBase,
    workers = 1,
    config = "",
    faulty = false,
    native = false,
    exclusive = false,
    locked = false,
    inPlace = false,
    logFile = false,
    standalone = false,
    unixSocket = false,
    alsoPassed = [],
  }: RigOptions = {}) {
    this.name = name;
    this.runtimeDirectory = runtimeBase === undefined ? join(this.directory, "run") : join(runtimeBase, name);
    this.workersWanted = workers;
    this.native = native;
    this.#inPlace = inPlace;
    this.#locked = locked;
    this.strategy = exclusive ? "exclusive" : "overlap";
    const http = openAtFreePort();
    this.port = portOf(http);
    const path = join(this.directory, "unit.sock");
    this.#sockets = [
      { name: "http", fd: http },
      ...(unixSocket ? [{ name: "unix", fd: openAt({ kind: "unix", path }) }] : []),
      ...alsoPassed,
    ];
    const options = ["--name", this.name, "--config", this.configFile];
    options.push("--runtime-dir", this.runtimeDirectory, "--state-dir", this.stateDirectory);
    if (logFile) options.push("--log-file", join(this.directory, "holdfast.log"));
    this.managerOptions = {
      directory: this.directory,
      sockets: this.#sockets,
      command: [process.execPath, this.program, ...options],
      environment: { [faultVariable]: this.directory },
    };
    symlinkSync(faulty ? faultyDaemon : presentDaemon, this.program);
    this.manager = new ServiceManager(this.managerOptions);
    if (standalone) this.manager.override["NOTIFY_SOCKET"] = undefined;
    const socketPath = controlSocketIn(this.runtimeDirectory);
    this.control = createControlClient({ socketPath });
    this.#probe = createControlClient({ socketPath, timeoutMs: probeTimeoutMs });
    this.release({ version: "1" });
    this.configure(config);
  }

  /** Writes the config; what is given comes after the common keys. Versions are judged only where it has tables for that. */
  configure(more = ""): void {
    const limit = this.fdLimit === undefined ? "" : `ulimit -n ${this.fdLimit}; `;
    const without = this.unprivileged ? "setpriv --bounding-set=-all --inh-caps=-all " : "";
    const lock = this.#locked ? `flock --no-fork --nonblock ${join(this.directory, "lock")} ` : "";
    const shell = ["/bin/sh", "-c", `${limit}exec ${without}${lock}"$0" "$@"`];
    const app = this.app ?? [process.execPath, this.native ? nativePuppet : puppet];
    const command = JSON.stringify([...shell, ...app]);
    const common = [
      `command = ${command}`,
      `release = ${JSON.stringify(join(this.directory, "current"))}`,
      `snapshot = ${this.#inPlace ? '"off"' : '"on"'}`,
      `workers = ${this.workersWanted}`,
      `strategy = ${JSON.stringify(this.strategy)}`,
    ];
    writeFileSync(this.configFile, withoutJudges(`${common.join("\n")}\n${more}`));
  }

  /** Makes a release of puppets that behave like this the current one. */
  release(behaviour: Behaviour): void {
    const directory = join(this.directory, `release-${behaviour.version}`);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, "puppet.json"), JSON.stringify(behaviour));
    this.deploy(directory);
  }

  /** Makes a directory the current release. */
  deploy(directory: string): void {
    const link = join(this.directory, "current");
    symlinkSync(directory, `${link}.new`);
    renameSync(`${link}.new`, link);
  }

  /** The directory of the current release. */
  get releaseDirectory(): string {
    return realpathSync(join(this.directory, "current"));
  }

  /** The snapshot that a generation of that id was made. */
  snapshot(id: number): string {
    return snapshotDirectory(this.stateDirectory, id);
  }

  /** Makes the file that a puppet waits for. */
  openGate(file: string): void {
    writeFileSync(file, "");
  }

  /** A new directory in the rig's own. */
  makeDirectory(name: string): string {
    const directory = join(this.directory, name);
    mkdirSync(directory);
    return directory;
  }

  ask(path = "/"): Promise<Answer> {
    return ask({ port: this.port }, path);
  }

  load(): RequestLoop {
    return new RequestLoop({ port: this.port });
  }

  async status(): Promise<StatusReport> {
    const status = await this.control.status();
    assert.ok(status.ok, status.ok ? "" : `${status.failure.message}\n${this.manager.log()}`);
    return status.value;
  }

  /** Asks for an upgrade or rollback and waits for its outcome. */
  async upgrade(command: "upgrade" | "rollback" = "upgrade", wish: UpgradeWish = {}): Promise<Outcome> {
    const signal = AbortSignal.timeout(30_000);
    const followed = await this.control.follow(command, { onAccepted() {}, onNews() {}, signal }, wish);
    assert.ok(followed.ok, followed.ok ? "" : `${followed.failure.message}\n${this.manager.log()}`);
    return followed.value;
  }

  /** Asks for what cannot be done; why it is refused. */
  async refusal(command: "upgrade" | "rollback" = "upgrade", wish: UpgradeWish = {}): Promise<Failure> {
    const asked = await this.control.request(command, wish);
    assert.ok(!asked.ok, `${command} was accepted\n${this.manager.log()}`);
    return asked.failure;
  }

  /** Waits until the status satisfies `probe`. */
  async until(what: string, probe: (status: StatusReport) => boolean): Promise<StatusReport> {
    return this.manager.waitFor(what, async () => {
      const status = await this.#probe.status();
      return status.ok && probe(status.value) ? status.value : undefined;
    });
  }

  /** Waits until only the active generation is left and all its workers are ready. */
  settled(): Promise<StatusReport> {
    return this.until("one generation, ready", isSettled);
  }

  /** Waits until it is settled or the daemon has ended; true for the latter. */
  async settledOrEnded(): Promise<boolean> {
    await this.manager.waitFor("one generation, ready, or the daemon's end", async () => {
      const status = await Promise.race([this.#probe.status(), this.manager.exited]);
      return this.manager.exit !== undefined || (status?.ok && isSettled(status.value));
    });
    return this.manager.exit !== undefined;
  }

  /** Waits until nothing is done to snapshots any more, or the daemon has ended; true for the latter. */
  async tidyOrEnded(): Promise<boolean> {
    await this.manager.waitFor("snapshots at rest, or the daemon's end", () => {
      const { snapshots, generations } = this.state();
      const running = new Set(generations.map(({ snapshot }) => snapshot));
      const looked = snapshots.every(({ id, written }) => written !== null || running.has(id));
      return this.manager.exit !== undefined || (looked && snapshots.every(({ phase }) => phase === "ready"));
    });
    return this.manager.exit !== undefined;
  }

  /** The state as it is on disk. */
  state(): State {
    const read = readStateFile(this.stateDirectory);
    assert.ok(read.ok, read.ok ? "" : read.failure.message);
    assert.ok(read.value !== undefined, "there is no state file");
    return read.value.state;
  }

  workers(): number[] {
    return findWorkers(this.name);
  }

  /** Whatever runs for it: daemons, workers, and what they have started. */
  processes(): number[] {
    return findProcesses(faultVariable, this.directory);
  }

  daemons(): number[] {
    return findDaemons(this.name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.manager[Symbol.asyncDispose]();
    killDaemons(this.name);
    killWorkers(this.name);
    for (const { fd } of this.#sockets) closeFd(fd);
    await removeTree(this.directory);
  }
}

function isSettled({ generations, upgrade, accounts }: StatusReport): boolean {
  const [only, ...others] = generations;
  const ready = only?.workers.every(({ phase }) => phase === "ready") ?? false;
  // One of which nothing goes on is about to be closed.
  const closing = accounts.some(({ phases }) => phases.every(({ tookMs }) => tookMs !== null));
  return upgrade === null && others.length === 0 && only?.phase === "active" && ready && !closing;
}

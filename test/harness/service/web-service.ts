import assert from "node:assert/strict";
import type { GenerationReport, StatusReport } from "../../../src/control/port.js";
import type { Container } from "../container/container.js";
import type { CommandOutcome } from "../container/run-command.js";
import { DEADLINE_MS, waitUntil } from "../container/wait-until.js";
import { HarnessError } from "../harness-error.js";
import { unjudgedTables } from "../process/unjudged.js";
import { APPS, type App, type Flaws } from "./apps.js";
import { askStatus } from "./ask-status.js";

export interface WebSetup {
  readonly app: App;
  /** The `[Socket]` section of holdfast@NAME.socket; without it the daemon binds. `{port}` is replaced. */
  readonly socket?: string;
  readonly config?: Partial<WebConfig>;
}

export interface WebConfig {
  /** TOML of the `[listeners]` tables; `{port}` and `{name}` are replaced. */
  readonly listeners: string;
  readonly check: readonly string[] | null;
  readonly readyTimeout: string;
  /** TOML of the rule by which a worker is ready; by default it says so. */
  readonly readyRule: string;
  readonly workers: number;
  /** Further lines of TOML before the first table; `{port}` is replaced. */
  readonly more: string;
  /** TOML of the tables by which versions are judged; by default they are not. */
  readonly judged: string;
}

const DEFAULTS: WebConfig = {
  listeners: '[listeners.http]\naddress = "127.0.0.1:{port}"\n',
  check: null,
  readyTimeout: "20s",
  readyRule: "",
  workers: 2,
  more: 'environment = { PORT = "{port}" }',
  judged: unjudgedTables,
};

/** As in the example that is shipped. */
export const SOCKET = "ListenStream=127.0.0.1:{port}\nFileDescriptorName=http\n";

let installed = 0;

/** One instance of holdfast@.service in a container, under a name, a port and a release directory of its own. */
export class WebService {
  readonly container: Container;
  readonly app: App;
  readonly name = `web${++installed}`;
  readonly unit = `holdfast@${this.name}.service`;
  readonly socketUnit = `holdfast@${this.name}.socket`;
  readonly port = 8000 + 10 * installed;
  readonly address = `127.0.0.1:${this.port}`;
  #config: WebConfig;

  private constructor(container: Container, { app, config }: WebSetup) {
    this.container = container;
    this.app = app;
    this.#config = { ...DEFAULTS, ...config };
  }

  /** Version `v1` is deployed and the config written; the service is not started, but its socket unit is. */
  static async install(container: Container, setup: WebSetup): Promise<WebService> {
    const web = new WebService(container, setup);
    await web.deploy("v1");
    await web.configure({});
    if (setup.socket !== undefined) await web.listen(setup.socket);
    return web;
  }

  /** Makes a release directory and points the symlink that the config names to it, as a deploy does. */
  async deploy(version: string, flaws: Flaws = {}): Promise<void> {
    const top = `/srv/${this.name}`;
    const files = Object.entries({ ...flaws, version });
    const writes = files.map(([file, text]) => `echo '${text}' > ${top}/${version}/${file}`);
    await this.container.sh(
      `mkdir -p ${top} && rm -rf ${top}/${version} && cp -r /opt/apps/${APPS[this.app].folder} ${top}/${version}\n` +
        `${writes.join("\n")}\nln -sfnT ${version} ${top}/new && mv -T ${top}/new ${top}/current`,
    );
  }

  /** Deploys a version of test/apps/plain that is ready only when it is let; the function returned does so. */
  async deployHeld(version: string): Promise<() => Promise<void>> {
    const gate = `/srv/${this.name}/${version}-boots`;
    await this.deploy(version, { "boot-until": gate });
    return () => this.container.write(gate, "");
  }

  /** Writes over what the symlink points to, file by file in place, as `rsync --inplace` and package scripts may. */
  async overwrite(version: string, flaws: Flaws = {}): Promise<void> {
    const files = Object.entries({ ...flaws, version });
    const writes = files.map(([file, text]) => `echo '${text}' > ${file}`);
    await this.container.sh(`cd /srv/${this.name}/current/\n${writes.join("\n")}`);
  }

  async configure(changes: Partial<WebConfig>): Promise<void> {
    this.#config = { ...this.#config, ...changes };
    const { listeners, check, readyTimeout, readyRule, workers, more, judged } = this.#config;
    await this.writeConfig(
      [
        `command = ${JSON.stringify(APPS[this.app].command)}`,
        `release = "/srv/${this.name}/current"`,
        `workers = ${workers}`,
        this.#fill(more),
        // What these two wait for: a file that a test makes beside their code.
        this.app === "counter" || this.app === "chat" ? 'shared = ["go"]' : "",
        check === null ? "" : `check = ${JSON.stringify(check)}`,
        this.#fill(listeners),
        `[ready]\ntimeout = "${readyTimeout}"\n${readyRule}`,
        '[drain]\ntimeout = "20s"\nkill = "2s"',
        judged,
      ].join("\n"),
    );
  }

  async writeConfig(text: string): Promise<void> {
    await this.container.write(`/etc/holdfast/${this.name}.toml`, text);
  }

  /** Writes the socket unit and starts it, or starts it again. */
  async listen(section: string): Promise<void> {
    await this.writeSocketUnit(section);
    await this.container.sh(`systemctl restart ${this.socketUnit}`);
  }

  async writeSocketUnit(section: string): Promise<void> {
    await this.container.write(
      `/etc/systemd/system/${this.socketUnit}`,
      `[Socket]\n${this.#fill(section)}\n`,
    );
    await this.container.sh("systemctl daemon-reload");
  }

  async dropIn(text: string): Promise<void> {
    await this.container.write(`/etc/systemd/system/${this.unit}.d/test.conf`, text);
    await this.container.sh("systemctl daemon-reload");
  }

  /** `systemctl VERB UNIT`; whether it works is for the caller to say. */
  systemctl(verb: string, ...options: string[]): Promise<CommandOutcome> {
    return this.container.exec(["systemctl", verb, ...options, this.unit]);
  }

  /** The same, and it must work. */
  async must(verb: string, ...options: string[]): Promise<void> {
    const { code, stdout, stderr } = await this.systemctl(verb, ...options);
    assert.equal(code, 0, `systemctl ${verb}: ${stdout}${stderr}`);
  }

  /** `holdfast -n NAME ...` */
  cli(...args: string[]): Promise<CommandOutcome> {
    return this.container.exec(["holdfast", "-n", this.name, ...args]);
  }

  show(property: string): Promise<string> {
    return this.container.show(this.unit, property);
  }

  /** What the daemon says of itself; it must answer. */
  async status(): Promise<StatusReport> {
    const status = await askStatus(this.container, this.name, DEADLINE_MS);
    if (status.ok) return status.value;
    throw new HarnessError("status", `cannot ask ${this.unit}: ${status.failure.message}`);
  }

  /** The active generation, once nothing else is there: upgrades have ended, old generations have drained. */
  settled(): Promise<GenerationReport> {
    return waitUntil("one settled generation", DEADLINE_MS, async () => {
      const status = await this.#answer();
      const [only, other] = status?.generations ?? [];
      if (status === null || only?.phase !== "active" || other !== undefined) return null;
      const ready = only.workers.every(({ phase }) => phase === "ready");
      return status.lifecycle === "running" && status.upgrade === null && ready ? only : null;
    });
  }

  /** Waits until the main process is another one than `pid` and answers; returns its pid. */
  successorOf(pid: number): Promise<number> {
    return waitUntil("another main process", DEADLINE_MS, async () => {
      const status = await this.#answer();
      return status !== null && status.pid !== pid && (await this.mainPid()) === status.pid
        ? status.pid
        : null;
    });
  }

  async mainPid(): Promise<number> {
    return Number(await this.show("MainPID"));
  }

  async waitFor(property: string, value: string): Promise<void> {
    await waitUntil(`${property}=${value}`, DEADLINE_MS, async () => (await this.show(property)) === value);
  }

  /** All processes that are in the unit's cgroup, whatever systemd thinks of the unit. */
  async pids(): Promise<number[]> {
    const files = await this.container.sh(
      `grep -l '/${this.unit}$' /proc/[0-9]*/cgroup 2>/dev/null | cut -d/ -f3 || true`,
    );
    return files.split("\n").filter(Boolean).map(Number);
  }

  /** Local addresses that listen, as `ss` prints them. */
  async listening(): Promise<string[]> {
    const lines = await this.container.sh("ss -Hltnx | awk '{print $4 \" \" $5}'");
    return lines.split("\n");
  }

  /** Whatever state it is in: stops it, and nothing of it may be left. */
  async end(): Promise<void> {
    await this.container.sh(
      `systemctl stop ${this.socketUnit} 2>/dev/null || true\nsystemctl stop ${this.unit}`,
    );
    assert.deepEqual(await this.pids(), [], "no process is left in the unit's cgroup");
    assert.equal(await this.show("NFileDescriptorStore"), "0", "the fd store is empty");
    await this.container.sh(
      `systemctl reset-failed ${this.unit} 2>/dev/null || true\n` +
        `rm -rf '/etc/systemd/system/${this.unit}.d' '/etc/systemd/system/${this.socketUnit}'\nsystemctl daemon-reload`,
    );
  }

  async #answer(): Promise<StatusReport | null> {
    const status = await askStatus(this.container, this.name);
    return status.ok ? status.value : null;
  }

  #fill(text: string): string {
    return text.replaceAll("{port}", String(this.port)).replaceAll("{name}", this.name);
  }
}

/** Pids of a generation's workers. */
export function workerPids({ workers }: GenerationReport): number[] {
  return workers.flatMap(({ pid }) => (pid === null ? [] : [pid]));
}

/** The version that a generation runs, after the folder it was deployed to. */
export function versionOf({ release }: GenerationReport): string {
  return release.split("/").at(-1) ?? "";
}

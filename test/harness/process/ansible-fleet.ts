import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Behaviour } from "./behaviour.js";
import { Rig, type RigOptions } from "./rig.js";

const cli = fileURLToPath(new URL("../../../src/cli.js", import.meta.url));
const runTimeoutMs = 180_000;

type Variables = Readonly<Record<string, unknown>>;

export interface PlaybookRun {
  readonly status: number | null;
  readonly output: string;
}

/** Some services on this machine, each a host of its own to Ansible, and releases for them. */
export class Fleet implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), "holdfast-fleet-"));
  readonly rigs: readonly Rig[];
  readonly #locks = `/run/holdfast-roll`;

  constructor(size: number, options: RigOptions = {}) {
    this.rigs = Array.from({ length: size }, () => new Rig(options));
    const collections = join(this.directory, "collections/ansible_collections/holdfast");
    mkdirSync(collections, { recursive: true });
    cpSync("packaging/ansible", join(collections, "holdfast"), { recursive: true });
    mkdirSync(join(this.directory, "bin"));
    const sockets = this.rigs.map(({ name, runtimeDirectory }) => {
      return `${name}) socket=${join(runtimeDirectory, "control.sock")} ;;`;
    });
    // systemd, which the doctor asks, is not there: a test says what it would say.
    const doctor = `case $1 in doctor) exec ${join(this.directory, "bin/doctor")} "$@" ;; esac`;
    const wrapper = `#!/bin/sh\n${doctor}\nshift\ncase $1 in\n${sockets.join("\n")}\nesac\nshift\nexec ${process.execPath} ${cli} --socket "$socket" "$@"\n`;
    this.#put("holdfast", wrapper);
  }

  /** A shell script in the place of a program of the hosts'. */
  replaceProgram(name: string, script: string): void {
    this.#put(name, `#!/bin/sh\n${script}\n`);
  }

  #put(name: string, script: string): void {
    writeFileSync(join(this.directory, "bin", name), script, { mode: 0o755 });
  }

  async start(): Promise<void> {
    for (const rig of this.rigs) {
      deployFirst(rig);
      await rig.manager.startReady();
    }
  }

  /** A directory with a release of puppets, as the playbook is given it. */
  release(behaviour: Behaviour): string {
    const directory = join(this.directory, `build-${behaviour.version}`);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, "puppet.json"), JSON.stringify(behaviour));
    return directory;
  }

  /** A playbook of the collection. */
  run(playbook: string, variables: Variables, options: readonly string[] = []): RunningPlaybook {
    return this.#start(resolve("packaging/ansible/playbooks", `${playbook}.yml`), variables, options);
  }

  /** One task on all hosts, as in a playbook of the user's own. */
  play(task: string, variables: Variables, options: readonly string[] = []): RunningPlaybook {
    const file = join(this.directory, "site.yml");
    writeFileSync(file, `- hosts: all\n  gather_facts: false\n  tasks:\n    - ${task}\n`);
    return this.#start(file, variables, options);
  }

  #start(file: string, variables: Variables, options: readonly string[]): RunningPlaybook {
    const inventory = join(this.directory, "inventory.ini");
    const hosts = this.rigs.map((rig, index) => {
      return `host${index} ansible_connection=local ansible_python_interpreter=/usr/bin/python3 holdfast_name=${rig.name} holdfast_root=${rig.directory}`;
    });
    writeFileSync(inventory, `${hosts.join("\n")}\n`);
    const args = ["-i", inventory, file, "-e", JSON.stringify(variables), ...options];
    return new RunningPlaybook(this.directory, args);
  }

  /** What each of them serves, once nobody is left who could answer in its place. */
  async versions(): Promise<string[]> {
    return Promise.all(
      this.rigs.map(async (rig) => {
        await rig.settled();
        return (await rig.ask()).version;
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const rig of this.rigs) {
      rmSync(`${this.#locks}/${rig.name}.lock`, { force: true });
      rmSync(`${this.#locks}/${rig.name}.lock.guard`, { force: true });
      rmSync(`/var/lib/holdfast-roll/${rig.name}.json`, { force: true });
      await rig[Symbol.asyncDispose]();
    }
    rmSync(this.directory, { recursive: true });
  }
}

/** Where the role looks for releases. */
function deployFirst(rig: Rig): void {
  const first = join(rig.directory, "releases/1");
  mkdirSync(first, { recursive: true });
  writeFileSync(join(first, "puppet.json"), JSON.stringify({ version: "1" }));
  renameSync(join(rig.directory, "current"), join(rig.directory, "before"));
  rig.deploy(first);
}

export class RunningPlaybook {
  readonly #child;
  readonly ended: Promise<PlaybookRun>;
  readonly #timer: NodeJS.Timeout;
  #output = "";

  constructor(directory: string, args: readonly string[]) {
    this.#child = spawn("/usr/bin/ansible-playbook", [...args], {
      cwd: directory,
      env: {
        PATH: `${join(directory, "bin")}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`,
        HOME: "/root",
        ANSIBLE_HOME: directory,
        ANSIBLE_REMOTE_TEMP: join(directory, "tmp"),
        ANSIBLE_ASYNC_DIR: join(directory, "async"),
        LC_ALL: "C.UTF-8",
        ANSIBLE_COLLECTIONS_PATH: join(directory, "collections"),
        ANSIBLE_LOCALHOST_WARNING: "False",
        ANSIBLE_TIMEOUT: "2",
      },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    this.#timer = setTimeout(() => this.kill(), runTimeoutMs);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        this.#output += chunk;
      });
    }
    this.ended = once(this.#child, "close").then(() => {
      clearTimeout(this.#timer);
      return { status: this.#child.exitCode, output: this.#output };
    });
  }

  get output(): string {
    return this.#output;
  }

  /** With the processes that it has for its hosts, as when its machine dies. */
  kill(): void {
    const { pid } = this.#child;
    if (pid !== undefined && this.#child.exitCode === null) process.kill(-pid, "SIGKILL");
  }
}

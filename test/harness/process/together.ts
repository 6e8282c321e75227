import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeTree } from "../../../src/release/remove-snapshot.js";
import { type Ran, type RunningCli, startCli } from "../../unit/cli/run-cli.js";
import { Rig, type RigOptions } from "./rig.js";

/** To the CLI it is the user of no other instance of this machine. */
const pretend = "--import=data:text/javascript,process.geteuid=()=>1999999";
const names = ["web", "api", "worker"] as const;
type Name = (typeof names)[number];
let made = 0;

/** Several services of one machine, which the command finds by their names. */
export class Together implements AsyncDisposable {
  readonly web: Rig;
  readonly api: Rig;
  readonly worker: Rig;
  readonly #base = mkdtempSync(join(tmpdir(), "holdfast-together-"));

  /** What is given is for all, then for each. */
  constructor(options: RigOptions = {}, own: { readonly [N in Name]?: RigOptions } = {}) {
    const runtimeBase = join(this.#base, "holdfast");
    mkdirSync(runtimeBase);
    const mark = `${process.pid}-${made++}`;
    const make = (name: Name): Rig =>
      new Rig({ name: `${name}-${mark}`, runtimeBase, ...options, ...own[name] });
    this.web = make("web");
    this.api = make("api");
    this.worker = make("worker");
  }

  get rigs(): readonly Rig[] {
    return [this.web, this.api, this.worker];
  }

  /** As they are named to the command. */
  get names(): readonly string[] {
    return this.rigs.map(({ name }) => name);
  }

  async startReady(): Promise<void> {
    await Promise.all(this.rigs.map((rig) => rig.manager.startReady()));
  }

  /** A version of all of them that comes next, with the tables of their configs. */
  release(version: string, tables?: string): void {
    for (const rig of this.rigs) {
      rig.release({ version });
      if (tables !== undefined) rig.configure(tables);
    }
  }

  /** With which the command finds them. */
  get environment(): Record<string, string> {
    return { XDG_RUNTIME_DIR: this.#base, NODE_OPTIONS: pretend };
  }

  start(...args: readonly string[]): RunningCli {
    return startCli(args, this.environment);
  }

  /** The command with the names of all of them. */
  startAll(command: string, ...options: readonly string[]): RunningCli {
    return this.start(command, ...this.names, ...options);
  }

  all(command: string, ...options: readonly string[]): Promise<Ran> {
    return this.startAll(command, ...options).ended;
  }

  /** What each of them answers. */
  async versions(): Promise<readonly string[]> {
    const answers = await Promise.all(this.rigs.map((rig) => rig.ask()));
    return answers.map(({ version }) => version);
  }

  async settled(): Promise<void> {
    await Promise.all(this.rigs.map((rig) => rig.settled()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const rig of this.rigs) await rig[Symbol.asyncDispose]();
    await removeTree(this.#base);
  }
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, readlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryDirectory } from "../../unit/control/rig.js";
import { pathInCheckout } from "../container/checkout.js";
import type { Behaviour } from "./behaviour.js";
import { Publisher } from "./publisher.js";
import { Rig } from "./rig.js";

const program = pathInCheckout("packaging", "pull", "pull-release");
const cli = fileURLToPath(new URL("../../../src/cli.js", import.meta.url));
/** To the CLI it is the user of no other instance of this machine. */
const pretend = "--import=data:text/javascript,process.geteuid=()=>1999999";

export interface Pulled {
  readonly status: number | null;
  readonly output: string;
}

/** A host with an instance, and what would run there by a timer. */
export class PullHost implements AsyncDisposable {
  readonly rig: Rig;
  readonly publisher: Publisher;
  readonly #environment: Record<string, string>;
  readonly #bin: string;

  constructor(context: TestContext) {
    const base = temporaryDirectory(context);
    mkdirSync(join(base, "holdfast"));
    this.rig = new Rig({ native: true, runtimeBase: join(base, "holdfast") });
    this.publisher = new Publisher(this.rig.name);
    const { directory } = this.rig;
    const bin = join(base, "bin");
    this.#bin = bin;
    mkdirSync(bin);
    this.replaceCommand(`exec ${process.execPath} ${cli} "$@"`);
    chmodSync(join(bin, "holdfast"), 0o755);
    writeFileSync(join(base, "machine-id"), "0123456789abcdef0123456789abcdef\n");
    mkdirSync(join(base, "state"));
    this.#environment = {
      PATH: `${bin}:${process.env["PATH"]}`,
      XDG_RUNTIME_DIR: base,
      NODE_OPTIONS: pretend,
      MACHINE_ID: join(base, "machine-id"),
      STATE_DIRECTORY: join(base, "state"),
      ROOT: directory,
      SOURCE: this.publisher.source,
      KEYRING: this.publisher.keyring,
    };
  }

  /** What became of the last release. */
  get tried(): string {
    return join(this.#environment["STATE_DIRECTORY"] ?? "", "tried");
  }

  /** In the place of `holdfast`. */
  replaceCommand(script: string): void {
    writeFileSync(join(this.#bin, "holdfast"), `#!/bin/sh\n${script}\n`);
  }

  publish(serial: number, behaviour: Behaviour, also: Record<string, string | number> = {}): void {
    const directory = join(this.rig.directory, `build-${serial}`);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, "puppet.json"), JSON.stringify(behaviour));
    this.publisher.publish(serial, behaviour.version, directory, also);
  }

  start(more: Record<string, string> = {}) {
    const child = spawn(program, [this.rig.name], {
      env: { ...this.#environment, ...more },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    const ended = once(child, "close").then((): Pulled => ({ status: child.exitCode, output }));
    return { ended, kill: (signal: NodeJS.Signals) => process.kill(-(child.pid ?? 0), signal) };
  }

  pull(more: Record<string, string> = {}): Promise<Pulled> {
    return this.start(more).ended;
  }

  /** What is deployed, and which generation serves which version. */
  async stands() {
    const { generations } = await this.rig.settled();
    const { version } = await this.rig.ask();
    return {
      link: basename(readlinkSync(join(this.rig.directory, "current"))),
      generation: generations[0]?.id,
      version,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.publisher[Symbol.dispose]();
    await this.rig[Symbol.asyncDispose]();
  }
}

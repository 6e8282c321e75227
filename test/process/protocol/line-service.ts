import assert from "node:assert/strict";
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../../harness/process/ports.js";
import { Rig } from "../../harness/process/rig.js";
import { withoutJudges } from "../../harness/process/unjudged.js";
import { LineClient } from "./line-client.js";

/** The checkout, seen from build/test/process/protocol. */
const top = fileURLToPath(new URL("../../../..", import.meta.url));

export type Language = "python" | "node";

/** The Python of Debian, whatever else is in the PATH. */
const commands: Readonly<Record<Language, readonly string[]>> = {
  python: ["/usr/bin/python3", "-B", join(top, "test/apps/python/worker.py")],
  node: [process.execPath, fileURLToPath(new URL("./line-worker.js", import.meta.url))],
};

/** The app of lines in both languages, under the real daemon. */
export class LineService implements AsyncDisposable {
  readonly rig: Rig;
  readonly port = freePort();
  readonly #config: string;

  /** `config` are lines before the first table. */
  constructor(workers = 1, config = "") {
    this.rig = new Rig({ workers });
    this.#config = `workers = ${workers}\n${config}`;
  }

  get directory(): string {
    return this.rig.directory;
  }

  /** Makes this version in this language the next one; `files` are told to it beside its version. */
  release(version: string, language: Language, files: readonly string[] = []): void {
    const directory = join(this.directory, `version-${version}`);
    mkdirSync(directory);
    writeFileSync(join(directory, "version"), `${version}\n`);
    for (const name of files) writeFileSync(join(directory, name), "");
    const link = join(this.directory, "lines");
    symlinkSync(directory, `${link}.new`);
    renameSync(`${link}.new`, link);
    const config = [
      `command = ${JSON.stringify(commands[language])}`,
      `release = ${JSON.stringify(link)}`,
      this.#config,
      "[listeners.http]",
      `address = "127.0.0.1:${this.rig.port}"`,
      "[listeners.lines]",
      `address = "127.0.0.1:${this.port}"`,
    ];
    writeFileSync(this.rig.configFile, withoutJudges(`${config.join("\n")}\n`));
  }

  async connect(): Promise<LineClient> {
    const client = new LineClient(this.port);
    await client.connected;
    return client;
  }

  /** Upgrades to what was released last, and waits for the end of the old generation. */
  async upgrade(): Promise<void> {
    assert.equal((await this.rig.upgrade()).failure, null);
    await this.rig.settled();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.rig[Symbol.asyncDispose]();
  }
}

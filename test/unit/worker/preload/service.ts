import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { createControlClient } from "../../../../src/control/client.js";
import type { StatusReport } from "../../../../src/control/port.js";
import { messageOf } from "../../../../src/lib/failure.js";
import type { Outcome } from "../../../../src/model/upgrade-state.js";
import { waitUntil } from "../../../harness/container/wait-until.js";
import { HarnessError } from "../../../harness/harness-error.js";
import { freePort } from "../../../harness/process/ports.js";
import { unjudgedTables } from "../../../harness/process/unjudged.js";

/** The checkout, seen from build/test/unit/worker/register. */
export const top = fileURLToPath(new URL("../../../../..", import.meta.url));

export const register = join(top, "dist/library/register.cjs");

const startDeadlineMs = 30_000;

/** A service under a daemon of its own, with an app that was not changed for Holdfast. */
export interface Service {
  readonly address: string;
  /** All that the daemon and the workers have printed. */
  readonly output: () => string;
  release(version: string): void;
  /** Other files in the release. */
  files(files: Readonly<Record<string, string>>): void;
  /** More tables in the config, in the place of those of the last call. */
  configure(tables: string): void;
  upgrade(): Promise<Outcome>;
  status(): Promise<StatusReport>;
  /** Ends the service as systemd would; gives the daemon's exit status. */
  stop(): Promise<number | null>;
}

export interface App {
  /** A directory of test/apps, or files by name. */
  readonly files: string | Readonly<Record<string, string>>;
  readonly main: string;
  /** Node with the preload and `main` otherwise. */
  readonly command?: readonly string[];
  /** Further lines of the config, before its first table. */
  readonly config?: string;
}

/** Starts the app at version `v1` and waits until it answers for. Everything ends with the test. */
export async function startService(t: TestContext, app: App): Promise<Service> {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-test-"));
  const release = join(directory, "release");
  layOut(release, app.files);
  const setVersion = (version: string): void => writeFileSync(join(release, "version"), `${version}\n`);
  setVersion("v1");
  const port = freePort();
  const config = join(directory, "app.toml");
  const configure = (tables: string): void => {
    const lines = [
      `command = ${JSON.stringify(app.command ?? [process.execPath, "--import", register, app.main])}`,
      `release = ${JSON.stringify(release)}`,
      `environment = { PORT = "${port}" }`,
      "workers = 2",
      app.config ?? "",
      "[listeners.http]",
      `address = "127.0.0.1:${port}"`,
      "[ready]",
      'timeout = "20s"',
      tables,
      unjudgedTables,
    ];
    writeFileSync(config, lines.join("\n"));
  };
  configure("");
  const directories = ["--runtime-dir", join(directory, "run"), "--state-dir", join(directory, "state")];
  mkdirSync(join(directory, "run"));
  mkdirSync(join(directory, "state"));
  const daemon = spawn(
    process.execPath,
    [join(top, "dist/daemon.js"), "--name", "app", "--config", config, ...directories],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let output = "";
  for (const stream of [daemon.stdout, daemon.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  t.after(async () => {
    await end(daemon);
    rmSync(directory, { recursive: true, force: true });
  });
  const client = createControlClient({ socketPath: join(directory, "run/control.sock") });
  const service: Service = {
    address: `127.0.0.1:${port}`,
    output: () => output,
    release: setVersion,
    files: (files) => writeFiles(release, files),
    configure,
    upgrade: async () => {
      const { signal } = new AbortController();
      const outcome = await client.follow("upgrade", { onAccepted: () => {}, onNews: () => {}, signal });
      if (outcome.ok) return outcome.value;
      throw new HarnessError(outcome.failure.reason, `${outcome.failure.message}\n${output}`);
    },
    status: async () => {
      const status = await client.status();
      if (status.ok) return status.value;
      throw new HarnessError(status.failure.reason, `${status.failure.message}\n${output}`);
    },
    stop: () => end(daemon),
  };
  await waitUntil("an active generation", startDeadlineMs, async () => {
    if (daemon.exitCode !== null) throw new HarnessError("daemon", "the daemon ended");
    const status = await client.status();
    return status.ok && status.value.generations.some(({ phase }) => phase === "active");
  }).catch((cause: unknown) => {
    throw new HarnessError("daemon", `cannot start the service: ${messageOf(cause)}\n${output}`, { cause });
  });
  return service;
}

function layOut(release: string, files: App["files"]): void {
  if (typeof files === "string") cpSync(join(top, "test/apps", files), release, { recursive: true });
  else {
    mkdirSync(release);
    writeFiles(release, files);
  }
  symlinkSync(join(top, "node_modules"), join(release, "node_modules"));
}

function writeFiles(release: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(release, name), text);
}

/** SIGTERM without a service manager: the workers drain, then the daemon ends. */
async function end(daemon: ChildProcess): Promise<number | null> {
  if (daemon.exitCode === null && daemon.signalCode === null) {
    daemon.kill("SIGTERM");
    await once(daemon, "exit");
  }
  return daemon.exitCode;
}

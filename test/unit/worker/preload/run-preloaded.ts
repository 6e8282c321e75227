import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { parseAddress } from "../../../../src/lib/address.js";
import { closeFd } from "../../../../src/linux/fd.js";
import { openListener } from "../../../../src/linux/listener.js";
import { temporaryDirectory } from "../../linux/temporary-directory.js";
import { register } from "./service.js";

export interface Preloaded {
  /** A listener that is passed as systemd would; none when not given. */
  readonly address?: string;
  readonly how?: "--import" | "--require";
  /** An ES module otherwise. */
  readonly commonJs?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Printed {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

/** Runs code with the preload, in a directory of its own, to its end. */
export async function runPreloaded(t: TestContext, code: string, options: Preloaded = {}): Promise<Printed> {
  const { address, how = "--import", commonJs = false, environment = {} } = options;
  const fds = address === undefined ? [] : [open(address)];
  t.after(() => fds.forEach(closeFd));
  const given = fds.length === 0 ? "" : "LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=http ";
  const directory = temporaryDirectory(t);
  const main = join(directory, commonJs ? "main.cjs" : "main.mjs");
  writeFileSync(main, code);
  const argv = [process.execPath, how, register, main];
  const child = spawn("/bin/sh", ["-c", `${given}exec "$0" "$@"`, ...argv], {
    cwd: directory,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe", ...fds],
    timeout: 20_000,
    killSignal: "SIGKILL",
  });
  const printed = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream]?.setEncoding("utf8").on("data", (text: string) => {
      printed[stream] += text;
    });
  }
  await once(child, "close");
  return { stdout: printed.stdout.trim(), stderr: printed.stderr.trim(), code: child.exitCode };
}

function open(text: string): number {
  const address = parseAddress(text);
  assert(address.ok);
  const opened = openListener(address.value, { backlog: 64 });
  assert(opened.ok);
  return opened.value;
}

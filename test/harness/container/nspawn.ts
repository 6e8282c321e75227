import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { HarnessError } from "../harness-error.js";
import { pathInCheckout } from "./checkout.js";

const END_DEADLINE_MS = 15_000;

/** A running systemd-nspawn: the container lives until `end`, or until the process that started it dies. */
export interface Nspawn {
  readonly child: ChildProcess;
  /** The end of what systemd-nspawn and the container's console said. */
  output(): string;
}

/**
 * Starts systemd in a container on a throw-away overlay over `image`, which stays as it is. Unless it is `bare` it has
 * the checkout's node_modules, and this process's Node if the image has none.
 */
export function startNspawn(name: string, image: string, { bare }: { readonly bare: boolean }): Nspawn {
  const options = [
    "--quiet",
    `--machine=${name}`,
    "--boot",
    "--register=no",
    "--keep-unit",
    "--private-network",
    // nspawn forbids it; a machine does not.
    "--system-call-filter=pidfd_getfd",
    "--console=pipe",
    "--kill-signal=SIGKILL",
    "--link-journal=no",
    "--resolv-conf=off",
    "--timezone=off",
  ];
  const ownNode = existsSync(join(image, "usr/bin/node"));
  if (!bare && !ownNode) options.push(`--bind-ro=${process.execPath}:/usr/bin/node`);
  const modules = pathInCheckout("node_modules");
  if (!bare && existsSync(modules)) options.push(`--bind-ro=${modules}:/opt/holdfast/node_modules`);
  const script = pathInCheckout("test/harness/container/run-container.sh");
  const child = spawn("setpriv", ["--pdeathsig", "TERM", script, name, image, ...options], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-4000);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  return { child, output: () => output };
}

/** PID of the container's init as the host sees it, or null while there is none. Throws when systemd-nspawn has ended. */
export async function findInit({ child, output }: Nspawn): Promise<number | null> {
  if (hasEnded(child)) throw new HarnessError("nspawn", `cannot run systemd-nspawn: it ended: ${output()}`);
  for (const script of await childrenOf(child.pid)) {
    for (const init of await childrenOf(script)) {
      const status = await readFile(`/proc/${init}/status`, "utf8").catch(() => "");
      if (/^NSpid:.*\t1$/m.test(status)) return init;
    }
  }
  return null;
}

/** Ends the container and returns when its processes, mounts and cgroup are gone; does nothing the second time. */
export async function endNspawn({ child, output }: Nspawn): Promise<void> {
  if (hasEnded(child)) return;
  const exited = once(child, "exit", { signal: AbortSignal.timeout(END_DEADLINE_MS) });
  child.kill("SIGTERM");
  await exited.catch((cause: unknown) => {
    throw new HarnessError(
      "nspawn",
      `cannot end the container: not within ${END_DEADLINE_MS} ms: ${output()}`,
      { cause },
    );
  });
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function childrenOf(pid: number | undefined): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  return text
    .split(" ")
    .filter((word) => word !== "")
    .map(Number);
}

import { existsSync } from "node:fs";
import { messageOf } from "../../../src/lib/failure.js";
import { HarnessError } from "../harness-error.js";
import { pathInCheckout } from "./checkout.js";
import { ensureImage } from "./image.js";
import { endNspawn, findInit, type Nspawn, startNspawn } from "./nspawn.js";
import type { Release } from "./releases.js";
import { type CommandOutcome, runCommand } from "./run-command.js";
import { DEADLINE_MS, waitUntil } from "./wait-until.js";

const COMMAND_TIMEOUT_MS = 60_000;
/** Copied in, so that a build during the tests changes nothing, and so that a test can replace them. */
const COPIED = ["dist", "package.json", "units", "packaging/pull", "test/apps"];

/** $0 is PID 1, $1 the checkout, $2 where to, the rest what to copy. */
const COPY = `
from=$1 target=$2
shift 2
nsenter --target "$0" --all mkdir -p "$target"
tar --create --mode=a+rX --directory "$from" "$@" |
  nsenter --target "$0" --all tar --extract --no-same-owner --directory "$target"
`;

const INSTALL = `
mv /opt/holdfast/test/apps /opt/apps
rmdir /opt/holdfast/test
for unit in /opt/holdfast/units/*; do [ ! -f "$unit" ] || cp "$unit" /usr/lib/systemd/system/; done
mkdir /usr/lib/holdfast
cp /opt/holdfast/packaging/pull/pull-release /usr/lib/holdfast/
for entry in holdfast:cli.cjs holdfastd:daemon.js; do
  printf '#!/bin/sh\\nexec /usr/bin/node /opt/holdfast/dist/%s "$@"\\n' "\${entry#*:}" > "/usr/bin/\${entry%:*}"
  chmod 755 "/usr/bin/\${entry%:*}"
done
mkdir /node_modules
for package in express fastify koa ws; do ln -s "/opt/holdfast/node_modules/$package" /node_modules/; done
ln -s /opt/holdfast /node_modules/
systemctl daemon-reload
`;

let booted = 0;

const TELL = `
systemctl show -p ActiveState -p SubState -p Result -p MainPID -p ControlPID -p Job "$1" | paste -sd " "
group=$(systemctl show -p ControlGroup --value "$1")
for pid in $(find "/sys/fs/cgroup$group" -name cgroup.procs -exec cat {} + 2>/dev/null); do
  echo "$pid $(tr '\\0' ' ' <"/proc/$pid/cmdline"), $(sed -n 's/^State:.//p' "/proc/$pid/status"), in $(cat "/proc/$pid/wchan")"
done
journalctl --no-pager -o short-precise -n"$2" -u"$1"
`;

/**
 * A Debian system with systemd as PID 1 and a network of its own (only loopback), on a throw-away overlay over a cached image.
 * /usr/bin/node is the image's own, else the host's; the checkout's build is /opt/holdfast with /usr/bin/holdfast and /usr/bin/holdfastd, its unit
 * files are in /usr/lib/systemd/system, and test/apps is /opt/apps. Whatever runs, release or snapshot, finds the project and the
 * frameworks of test/apps as packages. It ends with the process that booted it.
 */
export class Container implements AsyncDisposable {
  readonly release: Release;
  readonly #nspawn: Nspawn;
  #pid: number;

  private constructor(release: Release, pid: number, nspawn: Nspawn) {
    this.release = release;
    this.#pid = pid;
    this.#nspawn = nspawn;
  }

  /** PID 1 of the container as the host sees it; another one after a reboot. */
  get pid(): number {
    return this.#pid;
  }

  /**
   * Returns when systemd has finished booting and the project is installed; takes about a second once the image is cached.
   * `image`: another one than that of the release, made from it.
   */
  static async boot(release: Release, image?: string): Promise<Container> {
    const container = await Container.#start(release, image ?? (await ensureImage(release)), false);
    await container.#install().catch(async (cause: unknown) => {
      await container[Symbol.asyncDispose]();
      throw cause;
    });
    return container;
  }

  /** The same of any image, and nothing is put into it: neither Node nor anything of the checkout. */
  static bootBare(release: Release, image: string): Promise<Container> {
    return Container.#start(release, image, true);
  }

  static async #start(release: Release, image: string, bare: boolean): Promise<Container> {
    const name = `holdfast-test-${process.pid}-${booted++}`;
    const nspawn = startNspawn(name, image, { bare });
    try {
      const pid = await waitUntil("PID 1", DEADLINE_MS, () => findInit(nspawn));
      const container = new Container(release, pid, nspawn);
      await waitUntil("the end of the boot", DEADLINE_MS, () => container.#hasBooted());
      return container;
    } catch (cause) {
      await endNspawn(nspawn);
      throw new HarnessError("boot", `cannot boot ${release}: ${messageOf(cause)}\n${nspawn.output()}`, {
        cause,
      });
    }
  }

  /** `systemctl reboot`; returns when systemd has finished booting again. What is in /run and the journal is lost. */
  async reboot(): Promise<void> {
    const before = this.#pid;
    await this.exec(["systemctl", "reboot"]);
    this.#pid = await waitUntil("PID 1 of the next boot", DEADLINE_MS, async () => {
      const pid = await findInit(this.#nspawn);
      return pid === before ? null : pid;
    });
    await waitUntil("the end of the boot", DEADLINE_MS, () => this.#hasBooted());
  }

  /** Runs a command in the container as root, outside of any unit, with a small fixed environment. */
  exec(
    argv: readonly [string, ...string[]],
    options: { readonly timeoutMs?: number; readonly input?: string | Buffer } = {},
  ): Promise<CommandOutcome> {
    return runCommand(["nsenter", "--target", String(this.pid), "--all", "--", ...argv], {
      timeoutMs: COMMAND_TIMEOUT_MS,
      ...options,
    });
  }

  /** Runs a shell script that must succeed and returns what it printed, without the last newline. */
  async sh(script: string, options: { readonly timeoutMs?: number } = {}): Promise<string> {
    const { code, stdout, stderr } = await this.exec(["/bin/sh", "-euc", script], options);
    if (code === 0) return stdout.replace(/\n$/, "");
    throw new HarnessError(
      "script",
      `cannot run in the container: ${script}: status ${code}\n${stdout}${stderr}`,
    );
  }

  /** Writes a file, with its folders; never through a symlink of the host. */
  async write(path: string, text: string): Promise<void> {
    const script = 'mkdir -p "$(dirname "$1")" && cat > "$1"';
    const { code, stderr } = await this.exec(["/bin/sh", "-c", script, "write", path], { input: text });
    if (code !== 0) throw new HarnessError("write", `cannot write ${path} in the container: ${stderr}`);
  }

  /** Copies files and folders of the checkout, named from its top, to below `target`. */
  async copyIn(target: string, ...paths: string[]): Promise<void> {
    const argv = [
      "/bin/bash",
      "-o",
      "pipefail",
      "-c",
      COPY,
      String(this.pid),
      pathInCheckout(),
      target,
    ] as const;
    const { code, stderr } = await runCommand([...argv, ...paths], { timeoutMs: COMMAND_TIMEOUT_MS });
    if (code !== 0) throw new HarnessError("copy", `cannot copy into the container: ${stderr}`);
  }

  read(path: string): Promise<string> {
    return this.sh(`cat '${path}'`);
  }

  /** A unit's property (`systemctl show -P`); the empty string when it has none. */
  show(unit: string, property: string): Promise<string> {
    return this.sh(`systemctl show -P ${property} '${unit}'`);
  }

  /** Pids, as the container counts them, of all processes in a unit's cgroup. */
  async pidsIn(unit: string): Promise<number[]> {
    const group = await this.show(unit, "ControlGroup");
    if (group === "") return [];
    const pids = await this.sh(
      `find '/sys/fs/cgroup${group}' -name cgroup.procs -exec cat {} + 2>/dev/null || true`,
    );
    return pids
      .split("\n")
      .filter((line) => line !== "")
      .map(Number);
  }

  /** What a unit does, in which its processes wait, and the end of its journal, for the message of a failed test; never to be asserted. */
  async tellOf(unit: string, lines = 60): Promise<string> {
    const { stdout } = await this.exec(["/bin/sh", "-c", TELL, "tell", unit, String(lines)]);
    return stdout;
  }

  /** Ends every process of the container; returns when its processes, mounts and cgroup are gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    await endNspawn(this.#nspawn);
  }

  async #hasBooted(): Promise<boolean> {
    const { stdout } = await this.exec(["systemctl", "is-system-running", "--wait"]);
    return ["running", "degraded"].includes(stdout.trim());
  }

  async #install(): Promise<void> {
    const present = COPIED.filter((path) => existsSync(pathInCheckout(path)));
    await this.copyIn("/opt/holdfast", ...present);
    await this.sh(INSTALL);
  }
}

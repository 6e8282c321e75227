import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Job } from "../../../src/systemd/job.js";
import { pathInCheckout } from "../../harness/container/checkout.js";
import { freePort } from "../../harness/process/ports.js";
import { ServiceManager, type UnitSocket } from "../../harness/process/service-manager.js";

const library = new URL("../../../src/worker/index.js", import.meta.url).href;
const fakeUnit = fileURLToPath(new URL("./fake-unit.js", import.meta.url));
/** systemd sets it; as the main process itself, so that a child is not taken for it. */
const becomeMain = 'SYSTEMD_EXEC_PID=$$ exec "$0" "$@"';

export interface DirectRigOptions {
  /** FileDescriptorStoreMax=, as far as the app can see. */
  readonly storeMax?: number;
  readonly environment?: Readonly<Record<string, string>>;
  readonly sockets?: readonly UnitSocket[];
}

/** test/apps/direct as the main process of direct.service: the app asks this rig's busctl and systemctl. */
export class DirectRig implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), "holdfast-direct-"));
  readonly port = freePort();
  readonly manager: ServiceManager;

  constructor({ storeMax = 1024, environment = {}, sockets = [] }: DirectRigOptions = {}) {
    const app = join(this.directory, "app");
    cpSync(pathInCheckout("test", "apps", "direct"), app, { recursive: true });
    const bin = join(this.directory, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "busctl"), `#!/bin/sh\ncat '${this.directory}/jobs'\n`);
    writeFileSync(
      join(bin, "systemctl"),
      `#!/bin/sh\necho FileDescriptorStoreMax=${storeMax}\necho NFileDescriptorStore=1\n`,
    );
    for (const name of ["busctl", "systemctl"]) chmodSync(join(bin, name), 0o755);
    this.manager = new ServiceManager({
      directory: this.directory,
      sockets,
      command: ["/bin/sh", "-c", becomeMain, process.execPath, "--import", fakeUnit, join(app, "server.js")],
      environment: {
        PATH: `${bin}:${process.env["PATH"]}`,
        HOLDFAST_LIBRARY: library,
        PORT: String(this.port),
        STATE_DIRECTORY: join(this.directory, "state"),
        ...environment,
      },
    });
    this.job("stop");
  }

  /** What systemd is said to be doing with the unit; with null it cannot be asked. */
  job(job: Job | null): void {
    const row = [1, "direct.service", job, "running", "/", "/"];
    writeFileSync(
      join(this.directory, "jobs"),
      job === null ? "" : JSON.stringify({ type: "a(usssoo)", data: [[row]] }),
    );
  }

  /** A file beside the app, which it looks for. */
  put(file: string, text: string): void {
    writeFileSync(join(this.directory, "app", file), text);
  }

  remove(file: string): void {
    rmSync(join(this.directory, "app", file));
  }

  /** The main process has ended as `systemctl restart` makes it; the next is started by the test. */
  async endForRestart(): Promise<void> {
    this.job("restart");
    this.manager.signal("SIGTERM");
    await this.manager.ended();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.manager[Symbol.asyncDispose]();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

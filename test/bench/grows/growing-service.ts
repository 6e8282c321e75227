import { readFileSync } from "node:fs";
import * as v from "valibot";
import { monotonicMs } from "../../../src/linux/boot.js";
import { pathInCheckout } from "../../harness/container/checkout.js";
import type { Container } from "../../harness/container/container.js";
import { waitUntil } from "../../harness/container/wait-until.js";
import { HarnessError } from "../../harness/harness-error.js";
import { unjudgedTables } from "../../harness/process/unjudged.js";

const UNIT = "holdfast@grows.service";
const DIRECTORY = "/srv/grows";
const FIRST_PORT = 20_000;
const FILES_A_FOLDER = 100;
const TIMER = "/opt/holdfast/build/test/bench/grows/time-upgrade.js";
const DEADLINE_MS = 120_000;

/** How large a service is. */
export interface Size {
  readonly listeners: number;
  readonly workers: number;
  /** Of a release, of 2 KiB each, besides those of the program. */
  readonly files: number;
}

/** One upgrade. Times count from when its command was started, in ms. */
export interface Growth {
  readonly doneMs: number;
  readonly firstMs: number;
  /** When the last worker of the version before was gone. */
  readonly goneMs: number;
  /** What of the daemon's memory no other process shares, in MB, once they were gone. */
  readonly daemonMb: number;
}

const timesSchema = v.object({ beganAtMs: v.number(), firstMs: v.number(), doneMs: v.number() });

/** A native app under Holdfast of some size. `await using`: it is stopped, and nothing is left of it. */
export class GrowingService implements AsyncDisposable {
  readonly address = `127.0.0.1:${FIRST_PORT}`;
  readonly #container: Container;
  readonly #size: Size;
  #versions = 0;

  private constructor(container: Container, size: Size) {
    this.#container = container;
    this.#size = size;
  }

  static async start(container: Container, size: Size): Promise<GrowingService> {
    const service = new GrowingService(container, size);
    await service.#deploy();
    await container.write("/etc/holdfast/grows.toml", configOf(size));
    await container.write(`/etc/systemd/system/${UNIT}.d/bench.conf`, "[Service]\nLimitNOFILE=524288\n");
    await container.sh(`systemctl daemon-reload && systemctl start ${UNIT}`, { timeoutMs: DEADLINE_MS });
    return service;
  }

  async upgrade(): Promise<Growth> {
    const version = await this.#deploy();
    const daemon = await this.#container.show(UNIT, "MainPID");
    const old = (await this.#container.pidsIn(UNIT)).filter((pid) => String(pid) !== daemon);
    const command = ["holdfast", "-n", "grows", "upgrade"];
    const { code, stdout, stderr } = await this.#container.exec(
      ["/usr/bin/node", TIMER, this.address, version, ...command],
      { timeoutMs: DEADLINE_MS },
    );
    if (code !== 0) throw new HarnessError("time-upgrade", `cannot time an upgrade: ${stderr}`);
    const { beganAtMs, firstMs, doneMs } = v.parse(v.pipe(v.string(), v.parseJson(), timesSchema), stdout);
    const goneAtMs = await this.#waitUntilGone(old);
    const daemonMb = await this.#readDaemonMb(daemon);
    return { firstMs, doneMs, goneMs: goneAtMs - beganAtMs, daemonMb };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#container.sh(
      `systemctl stop ${UNIT}; systemctl clean --what=all ${UNIT}; rm -rf ${DIRECTORY} /etc/holdfast/grows.toml`,
      { timeoutMs: DEADLINE_MS },
    );
  }

  /** In a folder of its own, without the folder of the version before the last one. */
  async #deploy(): Promise<string> {
    this.#versions += 1;
    const [version, release] = [`v${this.#versions}`, `${DIRECTORY}/v${this.#versions}`];
    await this.#container.write(`${release}/version`, version);
    await this.#container.write(`${release}/package.json`, '{ "type": "module" }');
    await this.#container.write(
      `${release}/server.js`,
      readFileSync(pathInCheckout("test/bench/app/server.js"), "utf8"),
    );
    await this.#container.sh(
      `/usr/bin/node -e '${FILL}' ${release}/data ${this.#size.files} ${FILES_A_FOLDER}
      ln -sfnT ${version} ${DIRECTORY}/new && mv -T ${DIRECTORY}/new ${DIRECTORY}/current
      rm -rf ${DIRECTORY}/v${this.#versions - 2}`,
      { timeoutMs: DEADLINE_MS },
    );
    return version;
  }

  /** Looked for from outside, since to start a process would be measured, too. */
  #waitUntilGone(old: readonly number[]): Promise<number> {
    const isThere = (pid: number) => {
      try {
        return readFileSync(`/proc/${this.#container.pid}/root/proc/${pid}/stat`, "latin1") !== "";
      } catch {
        return false;
      }
    };
    return waitUntil("the end of the old workers", DEADLINE_MS, () => !old.some(isThere) && monotonicMs(), 2);
  }

  async #readDaemonMb(pid: string): Promise<number> {
    const kbs = await this.#container.sh(
      `sed -n 's/^Private_[CD].*: *\\([0-9]*\\) kB$/\\1/p' /proc/${pid}/smaps_rollup`,
    );
    return kbs.split("\n").reduce((sum, kb) => sum + Number(kb), 0) / 1024;
  }
}

/** node -e FILL FOLDER FILES FILES-A-FOLDER */
const FILL = `
const { mkdirSync, writeFileSync } = require("node:fs");
const [folder, files, inEach] = process.argv.slice(1);
for (let at = 0; at < Number(files); at++) {
  const into = folder + "/" + Math.floor(at / Number(inEach));
  if (at % Number(inEach) === 0) mkdirSync(into, { recursive: true });
  writeFileSync(into + "/" + at, String(at).padStart(2048, "x"));
}
`;

function configOf({ listeners, workers }: Size): string {
  const tables = Array.from(
    { length: listeners },
    (_, at) => `[listeners.l${at + 1}]\naddress = "127.0.0.1:${FIRST_PORT + at}"\n`,
  );
  return (
    `command = ["/usr/bin/node", "--expose-gc", "server.js"]\nrelease = "${DIRECTORY}/current"\nworkers = ${workers}\n` +
    `environment = { LISTENERS = "${listeners}" }\n${tables.join("")}${unjudgedTables}`
  );
}

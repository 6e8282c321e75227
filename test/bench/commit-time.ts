import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createControlClient } from "../../src/control/client.js";
import { controlSocketIn } from "../../src/lib/directories.js";
import { DEADLINE_MS, waitUntil } from "../harness/container/wait-until.js";
import { HarnessError } from "../harness/harness-error.js";
import { unjudgedTables } from "../harness/process/unjudged.js";
import { formatMs, type Row } from "./figures.js";
import { parseStamps, type Stamp, stampsVariable } from "./stamps.js";

const UPGRADES = 100;

/**
 * From the moment when the last candidate worker says READY=1 until the state file that makes it active is on disk; then the old
 * ones are told. Outside of any container, because there the disk is memory and an fsync costs nothing.
 */
export async function measureCommit(): Promise<Row[]> {
  const directory = mkdtempSync("/var/tmp/holdfast-bench-");
  try {
    const { stamps, writes } = await upgradeAgainAndAgain(directory);
    const spans = readSpans(stamps);
    return [
      {
        what: `last READY=1 to commit, ${spans.length} upgrades`,
        figure: formatMs(spans.map(({ readyAt, persistedAt }) => persistedAt - readyAt)),
        goal: "p99 under 5 ms",
      },
      {
        what: "  of it until the loop takes it up",
        figure: formatMs(spans.map(({ readyAt, decidedAt }) => decidedAt - readyAt)),
      },
      {
        what: "  of it to decide and write the state file",
        figure: formatMs(spans.map(({ decidedAt, persistedAt }) => persistedAt - decidedAt)),
      },
      {
        what: "for comparison: 4 KiB and its directory entry synced to this disk, in between",
        figure: formatMs(writes),
      },
    ];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function upgradeAgainAndAgain(
  directory: string,
): Promise<{ readonly stamps: Stamp[]; readonly writes: number[] }> {
  const writes: number[] = [];
  const stampsFile = join(directory, "stamps");
  const configFile = join(directory, "bench.toml");
  const worker = fileURLToPath(new URL("ready-worker.js", import.meta.url));
  writeFileSync(
    configFile,
    `command = ${JSON.stringify([process.execPath, worker])}\nworkers = 2\n[listeners.http]\naddress = "unix:${directory}/http.sock"\n${unjudgedTables}`,
  );
  const daemon = spawn(
    process.execPath,
    [
      fileURLToPath(new URL("timed-daemon.js", import.meta.url)),
      ...["--name", "bench", "--config", configFile, "--log-file", join(directory, "log")],
      ...["--runtime-dir", join(directory, "run"), "--state-dir", join(directory, "state")],
    ],
    { stdio: "inherit", env: { ...process.env, [stampsVariable]: stampsFile } },
  );
  const exited = once(daemon, "exit");
  try {
    const control = createControlClient({ socketPath: controlSocketIn(join(directory, "run")) });
    const settled = () =>
      waitUntil("a settled generation", DEADLINE_MS, async () => {
        const status = await control.status();
        return status.ok && status.value.upgrade === null && status.value.generations.length === 1;
      });
    await settled();
    for (let upgrade = 0; upgrade < UPGRADES; upgrade++) {
      const requested = await control.request("upgrade");
      if (!requested.ok) throw new HarnessError(requested.failure.reason, requested.failure.message);
      await settled();
      writes.push(timeWrite(directory));
    }
    return { stamps: parseStamps(readFileSync(stampsFile, "utf8")), writes };
  } finally {
    daemon.kill("SIGTERM");
    await exited;
  }
}

/** What any program pays that replaces a file durably. */
function timeWrite(directory: string): number {
  const startMs = performance.now();
  const file = join(directory, "compared");
  writeFileSync(`${file}.new`, Buffer.alloc(4096), { flush: true });
  renameSync(`${file}.new`, file);
  const parent = openSync(directory, "r");
  fsyncSync(parent);
  closeSync(parent);
  return performance.now() - startMs;
}

interface Span {
  readonly readyAt: number;
  readonly decidedAt: number;
  readonly persistedAt: number;
}

/** One for each generation after the first. */
function readSpans(stamps: readonly Stamp[]): Span[] {
  const commits = stamps.filter(({ what, generation }) => what === "persisted" && generation !== 1);
  return commits.map(({ generation, atMs: persistedAt }) => {
    const timesOf = (wanted: Stamp["what"]) =>
      stamps.filter((one) => one.what === wanted && one.generation === generation).map(({ atMs }) => atMs);
    return {
      readyAt: Math.max(...timesOf("ready-sent")),
      decidedAt: Math.max(...timesOf("decided")),
      persistedAt,
    };
  });
}

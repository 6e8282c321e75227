import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { DEADLINE_MS } from "../container/wait-until.js";
import { ClientProcess, spawnClient, whenBegun } from "./client-process.js";
import { parseReport } from "./parse.js";
import { KINDS, type LoadOptions, type LoadReport } from "./report.js";

const PROGRAM = fileURLToPath(new URL("client.js", import.meta.url));
const DEFAULTS = {
  keepAlive: 8,
  pauseMs: 50,
  freshPerSecond: 50,
  slow: 2,
  slowMs: 500,
  timeoutMs: 20_000,
  durationMs: 120_000,
};

export type LoadRequest = Pick<LoadOptions, "address"> & Partial<LoadOptions>;

/** A load client at work. */
export class Load extends ClientProcess<LoadReport> {
  constructor(child: ChildProcess) {
    super(child, parseReport);
  }

  /** Waits for `count` further good responses of each kind of request that runs: the server answers now, not just earlier. */
  async waitForMore(count: number, deadlineMs = 30_000): Promise<LoadReport> {
    const { kinds } = this.report;
    return this.waitFor(`${count} further responses of each kind`, deadlineMs, (report) =>
      KINDS.every((kind) => kinds[kind].requests === 0 || report.kinds[kind].ok >= kinds[kind].ok + count),
    );
  }
}

/**
 * Starts a load client inside the network of the process `where.pid` (a Container) or, with null, on this machine. Returns when
 * each kind of request asked for has been answered once.
 */
export async function startLoad(where: { readonly pid: number } | null, request: LoadRequest): Promise<Load> {
  const isPath = request.address.startsWith("/");
  const address = where !== null && isPath ? `/proc/${where.pid}/root${request.address}` : request.address;
  const options: LoadOptions = { ...DEFAULTS, ...request, address };
  const load = new Load(spawnClient(where, PROGRAM, options));
  const begun = load.waitFor(
    "a first response of each kind",
    DEADLINE_MS,
    ({ kinds }) =>
      (options.keepAlive === 0 || kinds.keepAlive.ok > 0) &&
      (options.freshPerSecond === 0 || kinds.fresh.ok > 0) &&
      (options.slow === 0 || kinds.slow.ok > 0),
  );
  return whenBegun(load, begun);
}

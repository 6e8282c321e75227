import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { DEADLINE_MS } from "../container/wait-until.js";
import { ClientProcess, spawnClient, whenBegun } from "../load/client-process.js";
import { parseTalkReport, type TalkOptions, type TalkReport } from "./talk-report.js";

const PROGRAM = fileURLToPath(new URL("talk-client.js", import.meta.url));
const DEFAULTS = { connections: 50, pauseMs: 150, numbered: false, durationMs: 120_000 };

/** A talking client at work. */
export class Talk extends ClientProcess<TalkReport> {
  constructor(child: ChildProcess) {
    super(child, parseTalkReport);
  }

  /** Waits until this version has answered, and on all connections, as far as numbers can tell. */
  async waitForVersion(version: string): Promise<void> {
    await this.waitFor(
      `answers of ${version}`,
      DEADLINE_MS,
      ({ opened, versions }) => (versions[version] ?? 0) >= 2 * Math.max(1, opened),
    );
  }
}

/** Starts a talking client inside the network of the process `pid`; its connections are opened by then or soon after. `version` answers. */
export function startTalk(
  where: { readonly pid: number },
  request: Pick<TalkOptions, "app" | "address"> & Partial<TalkOptions>,
  version = "v1",
): Promise<Talk> {
  const talk = new Talk(spawnClient(where, PROGRAM, { ...DEFAULTS, ...request }));
  return whenBegun(talk, talk.waitForVersion(version));
}

/** Everything said was answered once, in order and unchanged, and no connection ended. */
export function assertNothingMissed(report: TalkReport, connections = DEFAULTS.connections): void {
  assert.deepEqual(report.wrong, [], JSON.stringify(report));
  assert.equal(report.opened, connections);
  assert.equal(report.closed, 0);
  assert.equal(report.answered, report.said);
}

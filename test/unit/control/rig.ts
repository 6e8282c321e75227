import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ControlServerOptions, createControlServer } from "../../../src/control/server.js";
import { DEADLINE_MS, waitUntil } from "../../harness/container/wait-until.js";
import type { Ends } from "../../harness/ends.js";
import { FakePort } from "./fake-port.js";

const root = { uid: 0, gids: [0] };

export interface Rig {
  readonly port: FakePort;
  readonly socketPath: string;
  readonly close: () => Promise<void>;
}

/** A directory that goes with the test. */
export function temporaryDirectory(context: Ends): string {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-control-"));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A server on a real unix socket that answers for a fake daemon; everybody is root to it unless told otherwise. */
export async function startServer(
  context: Ends,
  options: Partial<ControlServerOptions> & { socketPath?: string; port?: FakePort } = {},
): Promise<Rig> {
  const { socketPath = join(temporaryDirectory(context), "control.sock"), port = new FakePort() } = options;
  rmSync(socketPath, { force: true });
  const server = createControlServer(port, {
    name: "web",
    peerOf: () => root,
    rightOf: () => "act",
    hasLeft: () => false,
    ...options,
  });
  await server.listen({ path: socketPath });
  context.after(() => server.close());
  return { port, socketPath, close: () => server.close() };
}

const silenceMs = 20_000;

/** Sends bytes as they are; all that came back by the time the server closed the connection, or has said nothing for long. */
export function exchangeBytes(socketPath: string, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(socketPath, () => socket.write(bytes));
    socket.setEncoding("utf8");
    socket.on("data", (chunk) => {
      answer += chunk;
    });
    // The server may close before it has read all that was sent.
    socket.on("error", () => {});
    socket.setTimeout(silenceMs, () => socket.destroy());
    socket.on("close", () => resolve(answer));
  });
}

/** Waits for a condition. */
export async function until(condition: () => boolean): Promise<void> {
  await waitUntil(condition.toString(), DEADLINE_MS, condition, 5);
}

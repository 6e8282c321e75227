import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { closeFd } from "../../src/linux/fd.js";
import { createMemfd } from "../../src/linux/memfd.js";
import { openPidfd } from "../../src/linux/pidfd.js";
import { openSocketPair } from "../../src/linux/socket-pair.js";
import { openAtFreePort } from "../harness/process/ports.js";
import type { Target } from "./target.js";

const program = fileURLToPath(new URL("./listen-fds-child.js", import.meta.url));

/** What LISTEN_FDS and its like say, in a process that was really passed fds. */
export async function openListenFds(): Promise<Target> {
  const [listener, pair] = [openAtFreePort(), openSocketPair("seqpacket")];
  const fds = [listener, listener, ...pair, createMemfd("fuzz"), openPidfd(process.pid) ?? 0];
  return {
    async feed(seed) {
      const child = spawn(process.execPath, [program, String(seed), String(fds.length)], {
        stdio: ["ignore", "pipe", "pipe", ...fds],
      });
      let said = "";
      for (const stream of [child.stdout, child.stderr]) {
        stream?.setEncoding("utf8").on("data", (text: string) => {
          said += text;
        });
      }
      const status = await new Promise((resolve) => child.once("close", resolve));
      assert.equal(status, 0, said);
    },
    async [Symbol.asyncDispose]() {
      for (const fd of new Set(fds)) closeFd(fd);
    },
  };
}

import assert from "node:assert/strict";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { closeFd } from "../../../src/linux/fd.js";
import { chooseListeners } from "../../../src/web/listen.js";
import { parseWebOptions } from "../../../src/web/options.js";
import { openAt, openAtFreePort } from "../../harness/process/ports.js";
import { temporaryDirectory } from "../control/rig.js";

function openUnix(context: TestContext, mode: number): number {
  const path = join(temporaryDirectory(context), "web.sock");
  const fd = openAt({ kind: "unix", path });
  chmodSync(path, mode);
  context.after(() => closeFd(fd));
  return fd;
}

test("a unix socket to which everybody may connect is not listened on where users are to act, and else it is", (context) => {
  const [closed, open] = [openUnix(context, 0o660), openUnix(context, 0o666)];
  const tcp = openAtFreePort();
  context.after(() => closeFd(tcp));
  const chosen = chooseListeners([closed, tcp], true);
  assert.deepEqual(chosen.ok && chosen.value.map(({ fd, way }) => [fd, way]), [
    [closed, "unix"],
    [tcp, "tcp"],
  ]);
  const refused = chooseListeners([closed, open], true);
  assert.equal(refused.ok ? "" : refused.failure.reason, "socket-open-to-all");
  assert.equal(chooseListeners([closed, open], false).ok, true);
});

test("fds that are no listeners are none", () => {
  assert.deepEqual(chooseListeners([0, 1, 9999], true), { ok: true, value: [] });
});

test("holdfast-web listens on 127.0.0.1 unless told otherwise, and takes no address by which no browser comes", () => {
  const usual = parseWebOptions([]);
  assert.deepEqual(usual.ok && usual.value, {
    address: { kind: "tcp", family: 4, host: "127.0.0.1", port: 9190 },
    configFile: undefined,
    idleMs: undefined,
  });
  const given = parseWebOptions(["--listen", "unix:/run/web.sock", "--idle", "10min"]);
  assert.ok(given.ok && given.value.address.kind === "unix" && given.value.idleMs === 600_000);
  for (const words of [
    ["--listen", "udp:127.0.0.1:1"],
    ["--listen", "x"],
    ["--idle", "10"],
    ["--what"],
    ["more"],
  ]) {
    const refused = parseWebOptions(words);
    assert.equal(refused.ok ? "" : refused.failure.reason, "usage", words.join(" "));
  }
});

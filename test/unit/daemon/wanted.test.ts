import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { isWanted } from "../../../src/daemon/recover/wanted.js";
import { backoffMs } from "../../../src/lib/backoff.js";
import { monotonicMs } from "../../../src/linux/boot.js";
import { closeFd } from "../../../src/linux/fd.js";
import { initialState, type State } from "../../../src/model/state.js";
import { openAtFreePort, portOf } from "../../harness/process/ports.js";
import { failure, listener } from "../model/sample.js";

const count = 8;

/** Of a service whose last start failed so long ago, and to which a socket unit passes a listener. */
function failedAgo(ms: number, reason: "config-invalid" | "worker-exited" = "config-invalid"): State {
  const retryAt = monotonicMs() - ms + backoffMs(count);
  return {
    ...initialState,
    failedStart: { count, failure: failure(reason), retryAt },
    listeners: [{ ...listener, origin: "unit" }],
  };
}

test("a start long after a failure that lasts is somebody's wish, unless a client waits at the socket unit", async (t) => {
  const fd = openAtFreePort();
  t.after(() => closeFd(fd));
  const held = { fdOf: () => fd };
  assert.ok(isWanted(failedAgo(5_000), held));
  assert.ok(!isWanted(failedAgo(200), held), "too soon for a person");
  assert.ok(!isWanted(failedAgo(5_000, "worker-exited"), held), "systemd begins that one by itself");
  const client = connect(portOf(fd), "127.0.0.1");
  await once(client, "connect");
  assert.ok(!isWanted(failedAgo(5_000), held));
  client.destroy();
});

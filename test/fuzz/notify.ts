import assert from "node:assert/strict";
import { mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { interpretMessage } from "../../src/daemon/native-workers/interpret.js";
import { sendDatagramWithFds } from "../../src/linux/datagram.js";
import { Watcher } from "../../src/linux/epoll.js";
import { closeFd } from "../../src/linux/fd.js";
import { createMemfd } from "../../src/linux/memfd.js";
import { maxMessageBytes } from "../../src/linux/message.js";
import { openPidfd } from "../../src/linux/pidfd.js";
import { openSocketPair } from "../../src/linux/socket-pair.js";
import type { NotifyMessage } from "../../src/process/notify-message.js";
import { NotifySockets } from "../../src/process/notify-sockets.js";
import { countFds } from "../harness/process/open-fds.js";
import { knownDatagrams } from "./corpus/datagrams.js";
import { wounded } from "./mutate.js";
import { Service } from "./service.js";
import { feed, type Target } from "./target.js";

interface Datagram {
  readonly bytes: Buffer;
  /** Which of those at hand. */
  readonly fds: readonly number[];
}

const slot = { generation: 1, index: 0 };
const oneLine = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{0,200}$/u;

const assignment = fc.constantFrom(
  "READY=1",
  "RELOADING=1",
  "STOPPING=1",
  "STATUS=fine",
  "ERRNO=2",
  "HOLDFAST_CONNECT=1",
  "MAINPID=1",
  "FDSTORE=1",
  "FDNAME=http",
  "BARRIER=1",
  "EXTEND_TIMEOUT_USEC=1",
);
const spoken = fc.array(assignment, { maxLength: 8 }).map((lines) => Buffer.from(lines.join("\n")));
const huge = fc.constantFrom(4_096, 4_097, maxMessageBytes).map((length) => Buffer.alloc(length, "STATUS="));
const datagram: fc.Arbitrary<Datagram> = fc.record({
  bytes: fc
    .oneof({ weight: 9, arbitrary: wounded(spoken) }, huge)
    .map((bytes) => (bytes.length === 0 ? Buffer.from("\n") : bytes.subarray(0, maxMessageBytes))),
  fds: fc.oneof(
    fc.constant([]),
    fc.array(fc.nat(), { maxLength: 4 }),
    fc.array(fc.nat(), { minLength: 253, maxLength: 253 }),
  ),
});

/** Datagrams with fds at a worker's NOTIFY_SOCKET: none stays open, and who speaks after them is heard. */
export async function openNotify(): Promise<Target> {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-fuzz-"));
  const watcher = new Watcher();
  const pair = openSocketPair("seqpacket");
  const hand = [createMemfd("fuzz"), ...pair, openSync("/dev/null", "r"), openPidfd(process.pid) ?? 0];
  const service = new Service();
  const heard: NotifyMessage[] = [];
  const sockets = new NotifySockets({
    directory: join(directory, "notify"),
    watcher,
    storeSocket: () => {},
    removeSocket: () => {},
    ownerOf: (pid) => (pid === process.pid ? { slot } : undefined),
    onMessage: (of, message) => {
      heard.push(message);
      service.push(...interpretMessage(of, message, service.state));
    },
    onConnect: (_, channel) => closeFd(channel),
    onDropped: () => {},
  });
  const opened = sockets.open(slot);
  assert.ok(opened.ok);
  const say = (bytes: Buffer, fds: readonly number[]): void => {
    assert.ok(sendDatagramWithFds(opened.value, bytes, fds) > 0);
    sockets.hearAll();
  };
  const attempt = async (datagrams: readonly Datagram[]): Promise<void> => {
    const fds = countFds();
    for (const { bytes, fds: which } of datagrams) {
      say(
        bytes,
        which.map((one) => hand[one % hand.length] ?? 0),
      );
    }
    for (const { status, errno } of heard.splice(0)) {
      assert.match(status ?? "", oneLine);
      assert.ok(errno === null || (Number.isInteger(errno) && errno >= 0));
    }
    assert.equal(countFds(), fds);
    say(Buffer.from("READY=1\nSTATUS=as before"), []);
    assert.deepEqual(heard.splice(0), [
      { ready: true, reloading: false, stopping: false, status: "as before", errno: null, connect: false },
    ]);
    service.assertKept();
  };
  const known = knownDatagrams.map((text) => [{ bytes: Buffer.from(text), fds: [0, 1] }]);
  return {
    feed: (seed) => feed({ input: fc.array(datagram, { maxLength: 8 }), known, attempt, runs: 60 }, seed),
    async [Symbol.asyncDispose]() {
      sockets.release();
      hand.forEach(closeFd);
      watcher.close();
      rmSync(directory, { recursive: true });
    },
  };
}

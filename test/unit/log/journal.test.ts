import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { bindDatagram, receiveDatagram } from "../../../src/linux/datagram.js";
import { closeFd } from "../../../src/linux/fd.js";
import { isStderrJournal, sendToJournal } from "../../../src/linux/journal.js";
import { messageIds } from "../../../src/log/journal-transport.js";
import { openLog } from "../../../src/log/log.js";
import { temporaryDirectory } from "../linux/temporary-directory.js";

/** What a journald would read from its socket: the fields of one entry. */
function decode(bytes: Buffer): Map<string, string> {
  const fields = new Map<string, string>();
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf("\n", at);
    const line = bytes.toString("utf8", at, end);
    const equals = line.indexOf("=");
    if (equals >= 0) {
      fields.set(line.slice(0, equals), line.slice(equals + 1));
      at = end + 1;
    } else {
      const length = Number(bytes.readBigUInt64LE(end + 1));
      fields.set(line, bytes.toString("utf8", end + 9, end + 9 + length));
      at = end + 9 + length + 1;
    }
  }
  return fields;
}

function fakeJournal(t: TestContext) {
  const path = join(temporaryDirectory(t), "socket");
  const socket = bindDatagram(path);
  t.after(() => closeFd(socket));
  const log = openLog({ file: undefined, journal: (entry) => sendToJournal(entry, path) });
  return { log, next: () => decode(receiveDatagram(socket)?.bytes ?? Buffer.alloc(0)) };
}

test("an event comes into the journal with its id and its fields", (t) => {
  const { log, next } = fakeJournal(t);
  log.write({ level: "error", event: "upgrade-failed", message: "upgrade 7 failed: ünready", upgrade: 7 });
  assert.deepEqual(Object.fromEntries(next()), {
    MESSAGE: "upgrade 7 failed: ünready",
    PRIORITY: "3",
    SYSLOG_IDENTIFIER: "holdfastd",
    HOLDFAST_EVENT: "upgrade-failed",
    HOLDFAST_UPGRADE: "7",
    MESSAGE_ID: messageIds["upgrade-failed"],
  });
});

test("a message of several lines stays one entry, and cannot pretend to be fields", (t) => {
  const { log, next } = fakeJournal(t);
  log.write({ level: "warning", event: "warning", message: "one\nPRIORITY=0\nthree" });
  const fields = next();
  assert.equal(fields.get("MESSAGE"), "one\nPRIORITY=0\nthree");
  assert.equal(fields.get("PRIORITY"), "4");
  assert.equal(fields.has("MESSAGE_ID"), false);
});

test("what journald does not take is not lost: the sender is told", (t) => {
  const path = join(temporaryDirectory(t), "nobody");
  assert.equal(sendToJournal(Buffer.from("MESSAGE=x\n"), path), false);
  assert.equal(sendToJournal(Buffer.alloc(70_000), path), false);
});

test("stderr counts as the journal only when it is the very stream that systemd names", () => {
  assert.equal(isStderrJournal({}), false);
  assert.equal(isStderrJournal({ JOURNAL_STREAM: "1:2" }), false);
});

test("the catalogue explains every event that has an id, and nothing else", () => {
  const catalogue = readFileSync("packaging/journal/holdfast.catalog", "utf8");
  const explained = [...catalogue.matchAll(/^-- ([0-9a-f]{32})$/gm)].map(([, id]) => id);
  assert.deepEqual(explained.sort(), Object.values(messageIds).sort());
  assert.equal(new Set(explained).size, explained.length);
});

test("every event that has an id is one that the model announces", () => {
  const model = readdirSync("src/model").map((file) => readFileSync(`src/model/${file}`, "utf8"));
  for (const event of Object.keys(messageIds)) {
    assert.ok(
      model.some((text) => text.includes(`"${event}"`)),
      event,
    );
  }
});

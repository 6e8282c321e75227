import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { readConfig } from "../../../src/config/read.js";
import { sample } from "./sample.js";

const directory = mkdtempSync(join(tmpdir(), "holdfast-config-"));
after(() => rmSync(directory, { recursive: true }));

const defaults = { cwd: directory, cores: 2 };

function write(name: string, content: string | Uint8Array): string {
  const file = join(directory, name);
  writeFileSync(file, content);
  return file;
}

function refusalOf(file: string): string {
  const result = readConfig(file, defaults);
  assert.ok(!result.ok, "was accepted");
  assert.equal(result.failure.reason, "config-unreadable");
  assert.ok(result.failure.message.startsWith(`cannot read config ${file}: `), result.failure.message);
  return result.failure.message;
}

test("a file is read, also with a byte order mark and CRLF", () => {
  assert.ok(readConfig(write("plain.toml", sample), defaults).ok);
  const windows = readConfig(
    write("windows.toml", `\ufeff${sample.trim().replaceAll("\n", "\r\n")}`),
    defaults,
  );
  assert.ok(windows.ok, windows.ok ? "" : windows.failure.message);
  assert.equal(windows.value.file, join(directory, "windows.toml"));
});

test("problems name the file that was read", () => {
  const file = write("bad.toml", 'command = ["x"]\nworkers = 0\n');
  const result = readConfig(file, defaults);
  assert.ok(!result.ok);
  assert.ok(result.failure.message.startsWith(`${file}:2: workers: `));
});

test("a missing file is refused saying what to write", () => {
  assert.match(refusalOf(join(directory, "none.toml")), /no such file; write one.*--config FILE/);
});

test("a directory is refused", () => {
  assert.match(refusalOf(directory), /is a directory/);
});

test("a device or a FIFO is refused at once", () => {
  assert.match(refusalOf("/dev/zero"), /not a regular file/);
  const fifo = join(directory, "fifo");
  execFileSync("mkfifo", [fifo]);
  assert.match(refusalOf(fifo), /not a regular file/);
});

test("a file that is not UTF-8 is refused", () => {
  assert.match(refusalOf(write("latin1.toml", Buffer.from("# caf\xe9\n", "latin1"))), /not UTF-8/);
});

test("a file over 1 MiB is refused, one of 1 MiB is read", () => {
  const start = 'command = ["x"]\n#';
  assert.match(refusalOf(write("huge.toml", start.padEnd(1024 * 1024 + 1, "x"))), /1048577 bytes/);
  assert.ok(readConfig(write("large.toml", start.padEnd(1024 * 1024, "x")), defaults).ok);
});

test("a file that may not be read is refused", () => {
  const file = write("secret.toml", sample);
  chmodSync(file, 0);
  // Root may read all.
  const asRoot = process.geteuid?.() === 0;
  if (asRoot) {
    chmodSync(dirname(file), 0o755);
    process.seteuid?.("nobody");
  }
  try {
    assert.match(refusalOf(file), /may not read it/);
  } finally {
    if (asRoot) process.seteuid?.(0);
  }
});

import assert from "node:assert/strict";
import { chmodSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Rig } from "../harness/process/rig.js";

/** Says that it is ready when it has read its own code by its whole path. */
const app = `
import os, socket
open(os.path.join(os.getcwd(), "puppet.json")).read()
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
    notify.connect(os.environ["NOTIFY_SOCKET"])
    notify.send(b"READY=1")
http = socket.socket(fileno=3)
while True:
    client, _ = http.accept()
    client.recv(65536)
    client.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nhi")
    client.close()
`;

test("an app that a daemon of root's starts as another user reaches its snapshot and its notify socket, and no more", {
  skip: process.geteuid?.() !== 0,
}, async () => {
  await using rig = new Rig();
  chmodSync(rig.directory, 0o755);
  const file = join(rig.directory, "app.py");
  writeFileSync(file, app);
  rig.app = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/python3", file];
  rig.configure();
  await rig.manager.startReady();
  const answer = await fetch(`http://127.0.0.1:${rig.port}/`);
  assert.equal(await answer.text(), "hi");
  assert.equal((await rig.upgrade()).failure, null);
  for (const directory of [rig.stateDirectory, rig.runtimeDirectory]) {
    assert.equal(statSync(directory).mode & 0o066, 0, directory);
  }
  assert.equal(statSync(join(rig.stateDirectory, "state.json")).mode & 0o077, 0);
});

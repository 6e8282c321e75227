import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Rig } from "../harness/process/rig.js";

/*
 * `when = "accepts"`: for programs that cannot say READY=1.
 */

const accepts = '[ready]\nwhen = "accepts"\ntimeout = "20s"\n';

test("a worker that says nothing is ready once it accepts, at the first start and beside an old one", async () => {
  await using rig = new Rig({ workers: 2 });
  rig.release({ version: "1", boot: "silent" });
  rig.configure(accepts);
  await rig.manager.startReady();
  await using load = rig.load();
  rig.release({ version: "2", boot: "silent" });
  assert.equal((await rig.upgrade()).failure, null);
  await rig.settled();
  assert.equal((await rig.ask()).version, "2");
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test("a worker that does not wait with epoll is ready once it took a connection of the daemon's own", async () => {
  await using rig = new Rig();
  // accept(2) on the passed socket, which blocks; without poll or epoll nobody sees it wait.
  const script = `
import os, socket
listener = socket.socket(fileno=os.dup(3))
listener.setblocking(True)
while True:
    client, _ = listener.accept()
    if client.recv(4096):
        body = '{"generation": %s, "version": "python", "pid": %d}' % (os.environ["HOLDFAST_GENERATION"], os.getpid())
        client.sendall(("HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\nConnection: close\\r\\n\\r\\n" % len(body)).encode() + body.encode())
    client.close()
`;
  const file = join(rig.directory, "blocking.py");
  writeFileSync(file, script);
  rig.app = ["python3", file];
  rig.configure(accepts);
  await rig.manager.startReady();
  assert.equal((await rig.ask()).generation, 1);
  assert.equal((await rig.upgrade()).failure, null);
  // SIGTERM ends this program at once, with what it has accepted.
  await rig.settled();
  assert.equal((await rig.ask()).generation, 2);
});

test("native workers, which stand by, are ready when they say so", async () => {
  await using rig = new Rig({ native: true, config: accepts });
  await rig.manager.startReady();
  rig.release({ version: "2" });
  assert.equal((await rig.upgrade()).failure, null);
  await rig.settled();
});

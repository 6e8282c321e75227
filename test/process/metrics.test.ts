import assert from "node:assert/strict";
import { existsSync, statSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { closeFd } from "../../src/linux/fd.js";
import { inspectSocket } from "../../src/linux/socket.js";
import { KeptConnection } from "../harness/process/kept.js";
import { countFds, countSocketFds } from "../harness/process/open-fds.js";
import { freePort, openAtFreePort, portOf } from "../harness/process/ports.js";
import { install, presentDaemon } from "../harness/process/programs.js";
import { Rig } from "../harness/process/rig.js";
import { askForMetrics, Scraper, scrape } from "../harness/process/scrape.js";
import { isServing, Taker } from "../harness/process/taker.js";

const generation = (rig: Rig): string => `holdfast_active_generation{service="${rig.name}"}`;

function tell(port: number): string {
  return `[metrics]\naddress = "127.0.0.1:${port}"\n`;
}

test("no scrape is refused or cut over an upgrade and while one daemon ends and the next one starts", async () => {
  const port = freePort();
  await using rig = new Rig({ config: tell(port) });
  await rig.manager.startReady();
  await using scraper = new Scraper({ port });
  rig.release({ version: "2" });
  assert.equal((await rig.upgrade()).failure, null);
  await rig.manager.waitFor(
    "the new generation",
    async () => (await scrape({ port })).get(generation(rig)) === 2,
  );

  for (let time = 0; time < 3; time++) {
    assert.ok((await rig.control.order("reexec")).ok);
    await rig.manager.ended();
    await rig.manager.startReady();
  }
  await scraper.stop();
  assert.deepEqual(scraper.failures, []);
  assert.ok(scraper.scraped > 0);
});

test("a scrape that comes after the daemon was killed is answered by the next one", async () => {
  const port = freePort();
  await using rig = new Rig({ config: tell(port) });
  await rig.manager.startReady();
  for (let death = 0; death < 2; death++) {
    await rig.manager.kill9();
    const early = scrape({ port });
    await rig.manager.startReady();
    assert.equal((await early).get(generation(rig)), 1);
  }
  const stored = rig.manager.store.names.filter((name) => name.startsWith("holdfast.metrics"));
  assert.deepEqual(stored, ["holdfast.metrics.bound"]);
});

test("without a service manager no scrape is refused while the daemon is replaced, by exec and by one that takes over", async () => {
  const port = freePort();
  await using rig = new Rig({ standalone: true, config: tell(port) });
  rig.manager.start();
  const { pid } = await rig.settled();
  await using scraper = new Scraper({ port });
  install(rig, presentDaemon);
  assert.ok((await rig.control.order("reexec")).ok);
  await rig.until("the next daemon", (status) => status.pid !== pid && isServing(status));
  await using taker = new Taker(rig);
  await taker.until(rig, "the one that takes over", isServing);
  const before = scraper.scraped;
  await rig.manager.waitFor("it to be scraped", () => scraper.scraped > before);
  await scraper.stop();
  assert.deepEqual(scraper.failures, []);
});

test("the address follows the config at the next upgrade, a unix socket's file with its mode, too", async () => {
  const [first, second] = [freePort(), freePort()];
  await using rig = new Rig({ config: tell(first) });
  const socketPath = join(rig.directory, "metrics.sock");
  await rig.manager.startReady();
  await scrape({ port: first });
  rig.configure(tell(second));
  await scrape({ port: first });
  assert.equal((await rig.upgrade()).failure, null);
  await scrape({ port: second });
  await assert.rejects(scrape({ port: first }), /ECONNREFUSED/);

  rig.configure(`[metrics]\naddress = "unix:${socketPath}"\nmode = "0660"\n`);
  assert.equal((await rig.upgrade()).failure, null);
  await scrape({ socketPath });
  assert.equal(statSync(socketPath).mode & 0o777, 0o660);
  await assert.rejects(scrape({ port: second }), /ECONNREFUSED/);
  assert.deepEqual((await rig.status()).metrics, { addresses: [`unix:${socketPath}`], problem: null });

  rig.configure();
  assert.equal((await rig.upgrade()).failure, null);
  assert.ok(!existsSync(socketPath));
  assert.equal((await rig.status()).metrics, null);
  await rig.manager.waitFor(
    "it to leave the store",
    () => !rig.manager.store.names.includes("holdfast.metrics.bound"),
  );
});

test("an address that is taken is told by the status, and by no failure; an upgrade later it is had", async () => {
  const taken = openAtFreePort();
  const port = portOf(taken);
  await using rig = new Rig({ config: tell(port) });
  await rig.manager.startReady();
  assert.match(
    (await rig.status()).metrics?.problem ?? "",
    new RegExp(`^metrics\\.address: cannot listen on 127\\.0\\.0\\.1:${port}: .*next upgrade`),
  );
  assert.equal((await rig.ask()).generation, 1);
  closeFd(taken);
  assert.equal((await rig.upgrade()).failure, null);
  await scrape({ port });
  assert.deepEqual((await rig.status()).metrics, { addresses: [`127.0.0.1:${port}`], problem: null });

  // What changes nothing: an address that overlaps the one that is had, and a config that cannot be read.
  rig.configure(`[metrics]\naddress = "0.0.0.0:${port}"\n`);
  assert.equal((await rig.upgrade()).failure, null);
  assert.match((await rig.status()).metrics?.problem ?? "", /go by way of another port/);
  await scrape({ port });
  rig.configure("[metrics]\naddress = 9464\n");
  assert.equal((await rig.upgrade()).failure?.reason, "config-invalid");
  await rig.manager.kill9();
  await rig.manager.startReady();
  await scrape({ port });
});

test("what the socket unit passes as holdfast.metrics is for scrapers, and for no worker", async () => {
  const fd = openAtFreePort();
  const port = portOf(fd);
  const inode = inspectSocket(fd)?.id ?? "";
  await using rig = new Rig({ alsoPassed: [{ name: "holdfast.metrics", fd }] });
  await rig.manager.startReady();
  for (let start = 0; start < 3; start++) {
    assert.equal((await scrape({ port })).get(generation(rig)), 1);
    assert.deepEqual(
      rig.state().listeners.map(({ name }) => name),
      ["http"],
    );
    for (const worker of rig.workers()) assert.equal(countSocketFds(worker, inode), 0);
    assert.equal(rig.manager.store.names.filter((name) => name === "holdfast.metrics").length, 1);
    await rig.manager.kill9();
    await rig.manager.startReady();
  }
});

test("a scraper sees what native workers have counted, and how late they answer", async () => {
  const port = freePort();
  await using rig = new Rig({ native: true, config: tell(port) });
  await rig.manager.startReady();
  const connection = await KeptConnection.open(rig.port);
  for (let time = 0; time < 3; time++) await connection.ask();
  const seen = await rig.manager.waitFor("the requests", async () => {
    const metrics = await scrape({ port });
    return metrics.get(`holdfast_requests_total{service="${rig.name}",listener="http"}`) === 3 && metrics;
  });
  const labels = `service="${rig.name}",listener="http"`;
  assert.equal(seen.get(`holdfast_connections_accepted_total{${labels}}`), 1);
  assert.equal(seen.get(`holdfast_connections_open{${labels},role="active"}`), 1);
  const lag = seen.get(`holdfast_worker_lag_seconds{service="${rig.name}",role="active",worker="0"}`);
  assert.ok(lag !== undefined && lag > 0);
  const worker = (await rig.status()).generations[0]?.workers[0];
  assert.ok(worker !== undefined && worker.lagMs !== null);
});

test("a thousand connections that say nothing, or do not read, take few fds, and keep out no scraper and no client of the control socket", async (t) => {
  const port = freePort();
  await using rig = new Rig({ config: tell(port) });
  await rig.manager.startReady();
  const { pid } = await rig.status();
  const before = countFds(pid);
  const sockets: Socket[] = [];
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  for (let number = 0; number < 1_000; number++) {
    const socket = connect(port, "127.0.0.1").pause();
    socket.on("error", () => {});
    if (number % 2 === 0) socket.write("GET /metrics HTTP/1.1\r\n\r\n");
    sockets.push(socket);
  }
  await rig.manager.waitFor("all to be connected", () => sockets.every(({ connecting }) => !connecting));
  await scrape({ port });
  assert.equal((await rig.status()).lifecycle, "running");
  assert.ok(countFds(pid) <= before + 40, `${countFds(pid)} fds, and ${before} before`);
  assert.equal((await askForMetrics({ port }, { path: "/v1/status" })).status, 404);
});

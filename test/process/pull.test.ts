import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";
import { test } from "node:test";
import { breakDisk, mendDisk } from "../harness/process/broken-disk.js";
import { checkUntil } from "../harness/process/held-check.js";
import { Publisher } from "../harness/process/publisher.js";
import { PullHost } from "../harness/process/pull-host.js";
import { judgedTables } from "../harness/process/trials.js";
import { temporaryDirectory } from "../unit/control/rig.js";
import { certificate } from "../unit/worker/carriers/http/certificate.js";

test("a newer release is pulled and serves, once, and nobody notices", async (context) => {
  await using host = new PullHost(context);
  await host.rig.manager.startReady();
  await using load = host.rig.load();
  host.publish(7, { version: "2" });
  const { status, output } = await host.pull();
  assert.equal(status, 0, output);
  assert.match(output, /: version 2 \(serial 7\) serves and has proved itself\n$/);
  assert.deepEqual(await host.stands(), { link: "7-2", generation: 2, version: "2" });
  assert.equal(host.rig.state().outcomes.at(-1)?.asked?.message, "pulled 2");
  assert.deepEqual(await host.pull(), { status: 0, output: "" });
  assert.equal((await host.stands()).generation, 2);
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test("a bad release is left, the link goes back, and no later look tries it again; the next release does", async (context) => {
  await using host = new PullHost(context);
  await host.rig.manager.startReady();
  host.publish(7, { version: "2", boot: "crash" });
  const { status, output } = await host.pull();
  assert.equal(status, 1);
  assert.match(output, /upgrade to generation 2 failed: /);
  assert.match(output, /: version 2 \(serial 7\) is bad, and is not tried again\n$/);
  assert.deepEqual(await host.stands(), { link: "release-1", generation: 1, version: "1" });
  assert.deepEqual(await host.pull(), { status: 0, output: "" });
  host.publish(8, { version: "3" });
  assert.equal((await host.pull()).status, 0);
  assert.deepEqual(await host.stands(), { link: "8-3", generation: 3, version: "3" });
});

test("what is not signed, or not for this instance, or old, or not whole, is refused before anything is unpacked", async (context) => {
  await using host = new PullHost(context);
  await host.rig.manager.startReady();
  host.publish(7, { version: "2" });
  const old = readFileSync(host.publisher.manifestFile);
  const refused = async (why: RegExp, more: Record<string, string> = {}): Promise<void> => {
    const { status, output } = await host.pull(more);
    assert.equal(status, 1);
    assert.match(output, why);
  };
  using stranger = new Publisher(host.rig.name);
  await refused(/refused, for its signature: /, { KEYRING: stranger.keyring });
  writeFileSync(host.publisher.manifestFile, String(old).replace("serial 7", "serial 9"));
  await refused(/refused, for its signature: /);
  host.publish(8, { version: "3" }, { instance: "other" });
  await refused(/refused: the manifest is signed for other\n/);
  host.publish(9, { version: "4" }, { file: "../../etc/passwd" });
  await refused(/its field file is not as it should be/);
  host.publish(10, { version: "5" }, { expires: 1_700_000_000 });
  await refused(/refused: serial 10 has expired/);
  host.publish(11, { version: "6" });
  writeFileSync(join(host.publisher.source, "6.tar.gz"), "something else");
  await refused(/refused: 6\.tar\.gz has another checksum/);
  writeFileSync(host.publisher.manifestFile, old);
  await refused(/refused: its serial is 7, and 11 was seen before/);
  await refused(/SOURCE must be https:\/\/ or the path/, { SOURCE: "http://127.0.0.1/" });
  assert.ok(!existsSync(join(host.rig.directory, "releases")));
  assert.deepEqual(await host.stands(), { link: "release-1", generation: 1, version: "1" });
});

test("what the host fails for is no verdict: the release is tried again, and serves", async (context) => {
  await using host = new PullHost(context);
  await host.rig.manager.startReady();
  const { configFile } = host.rig;
  const config = readFileSync(configFile);
  const faults: readonly (readonly [breakIt: () => void, mend: () => void])[] = [
    [() => writeFileSync(configFile, "workers = 0\n"), () => writeFileSync(configFile, config)],
    [() => breakDisk(host.rig), () => mendDisk(host.rig)],
  ];
  for (const [nth, [breakIt, mend]] of faults.entries()) {
    const before = readlinkSync(join(host.rig.directory, "current"));
    host.publish(7 + nth, { version: `${2 + nth}` });
    breakIt();
    const { status, output } = await host.pull();
    mend();
    assert.equal(status, 1);
    assert.match(output, /holdfast exits with 1; tried again next time\n$/);
    assert.equal(readlinkSync(join(host.rig.directory, "current")), before);
    assert.equal((await host.pull()).status, 0);
    assert.equal((await host.stands()).version, `${2 + nth}`);
  }
});

test("a reason that speaks of the version is a verdict, and one that speaks of the host is none", async (context) => {
  await using host = new PullHost(context);
  host.publish(7, { version: "2" });
  const told = (reason: string) => {
    const failure = { reason, message: '{"reason":"worker-exited"}' };
    return JSON.stringify({ outcome: { upgrade: 1, generation: 2, asked: { message: null }, failure } });
  };
  const verdicts = {
    bad: ["worker-exited", "start-timeout", "verify-failed", "trial-failed", "probation-failed", "rejected"],
    good: [
      "snapshot-no-space",
      "snapshot-timeout",
      "state-unwritable",
      "spawn-failed",
      "superseded",
      "EMFILE",
    ],
  };
  for (const [verdict, reasons] of Object.entries(verdicts)) {
    for (const reason of reasons) {
      host.replaceCommand(`case $* in *upgrade*) echo '${told(reason)}'; esac; exit 1`);
      rmSync(host.tried, { force: true });
      assert.equal((await host.pull()).status, 1);
      assert.equal(readFileSync(host.tried, "utf8"), `${verdict === "bad" ? 7 : 0} ${verdict}\n`, reason);
    }
  }
});

test("where the config's release is another place nothing is upgraded, and the run says what to set", async (context) => {
  await using host = new PullHost(context);
  host.rig.configure(`# elsewhere\n`);
  const config = readFileSync(host.rig.configFile, "utf8");
  const elsewhere = host.rig.releaseDirectory;
  writeFileSync(host.rig.configFile, config.replace(/^release = .*$/m, `release = "${elsewhere}"`));
  await host.rig.manager.startReady();
  host.publish(7, { version: "2" });
  const { status, output } = await host.pull();
  assert.equal(status, 1);
  assert.match(
    output,
    /the config's release leads to .*release-1, and .* set release = ".*\/current" in the config\n$/,
  );
  assert.deepEqual(await host.stands(), { link: "release-1", generation: 1, version: "1" });
  writeFileSync(host.rig.configFile, config);
  assert.equal((await host.pull()).status, 0);
});

test("what somebody else does meanwhile is no verdict: another link stays, and what serves is asked for again", async (context) => {
  await using host = new PullHost(context);
  await host.rig.manager.startReady();
  const gate = join(host.rig.directory, "gate");
  host.rig.configure(checkUntil(gate));
  host.publish(7, { version: "2", boot: "crash" });
  const first = host.start();
  await host.rig.until("the upgrade", ({ upgrade }) => upgrade !== null);
  host.rig.release({ version: "1" });
  const mine = readlinkSync(join(host.rig.directory, "current"));
  host.rig.openGate(gate);
  const { status, output } = await first.ended;
  assert.equal(status, 1);
  assert.match(output, /somebody else has put .* in the place of version 2; looked at again next time\n$/);
  assert.equal(readlinkSync(join(host.rig.directory, "current")), mine);
  host.rig.configure(judgedTables());
  host.publish(8, { version: "3" });
  const second = host.start();
  await host.rig.until(
    "version 3",
    ({ generations }) => generations.at(-1)?.phase === "active" && generations.at(-1)?.id !== 1,
  );
  assert.equal((await host.rig.upgrade()).failure, null);
  assert.match(
    (await second.ended).output,
    /version 3 \(serial 8\) serves, and whether it is good is not known/,
  );
  assert.equal((await host.stands()).link, "8-3");
  host.rig.configure();
  assert.equal((await host.pull()).status, 0);
  assert.equal((await host.stands()).version, "3");
});

test("a part of the fleet has a release first, and the others when its share grows", async (context) => {
  await using host = new PullHost(context);
  await host.rig.manager.startReady();
  host.publish(7, { version: "2" }, { share: 0 });
  assert.deepEqual(await host.pull(), { status: 0, output: "" });
  assert.equal((await host.stands()).generation, 1);
  const manifest = { instance: host.rig.name, serial: 7, version: "2", file: "2.tar.gz" };
  const [, sha256 = ""] = /^sha256 (.*)$/m.exec(readFileSync(host.publisher.manifestFile, "utf8")) ?? [];
  host.publisher.sign({ ...manifest, sha256, share: 100 });
  assert.equal((await host.pull()).status, 0);
  assert.equal((await host.stands()).version, "2");
});

test("where the service does not run the link stays, and the next look tries again", async (context) => {
  await using host = new PullHost(context);
  await host.rig.manager.startReady();
  host.publish(7, { version: "2" });
  await host.rig.manager.stop();
  const { status, output } = await host.pull();
  assert.equal(status, 1);
  assert.match(output, /holdfast exits with 3; tried again next time\n$/);
  await host.rig.manager.startReady();
  assert.equal((await host.stands()).link, "release-1");
  assert.equal((await host.pull()).status, 0);
  assert.equal((await host.stands()).version, "2");
});

test("releases come over HTTPS, from a server that this host trusts", async (context) => {
  await using host = new PullHost(context);
  await host.rig.manager.startReady();
  host.publish(7, { version: "2" });
  const authorities = join(temporaryDirectory(context), "authorities.pem");
  writeFileSync(authorities, certificate.cert);
  const server = createServer(certificate, (request, response) => {
    const path = join(host.publisher.source, basename(request.url ?? ""));
    response.writeHead(existsSync(path) ? 200 : 404).end(existsSync(path) ? readFileSync(path) : "");
  });
  context.after(() => server.close());
  await once(server.listen(0, "127.0.0.1"), "listening");
  const SOURCE = `https://localhost:${(server.address() as AddressInfo).port}/web`;
  const untrusted = await host.pull({ SOURCE });
  assert.equal(untrusted.status, 1);
  assert.match(untrusted.output, /cannot fetch https:\/\/localhost:/);
  assert.equal((await host.pull({ SOURCE, CURL_CA_BUNDLE: authorities })).status, 0);
  assert.equal((await host.stands()).version, "2");
});

test("a server that sends without an end fills no disk", async (context) => {
  await using host = new PullHost(context);
  const authorities = join(temporaryDirectory(context), "authorities.pem");
  writeFileSync(authorities, certificate.cert);
  let sent = 0;
  const piece = Buffer.alloc(65_536, "x");
  const server = createServer(certificate, (_, response) => {
    const go = (): void => {
      do sent += piece.length;
      while (response.write(piece) && sent < 50_000_000);
      if (sent >= 50_000_000) response.end();
    };
    response.on("drain", go);
    go();
  });
  context.after(() => server.close());
  await once(server.listen(0, "127.0.0.1"), "listening");
  const SOURCE = `https://localhost:${(server.address() as AddressInfo).port}/web`;
  const { status, output } = await host.pull({ SOURCE, CURL_CA_BUNDLE: authorities });
  assert.equal(status, 1);
  assert.match(output, /cannot fetch https:\/\/localhost:/);
  assert.ok(sent < 50_000_000, `${sent} bytes were taken`);
});

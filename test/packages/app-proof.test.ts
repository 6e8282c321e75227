import assert from "node:assert/strict";
import { after, before } from "node:test";
import type { Container } from "../harness/container/container.js";
import { describeOnEachRelease } from "../harness/container/each-release.js";
import { bootForPackages, bring } from "../harness/packages/boot.js";
import { buildBaseRpm, buildExample } from "../harness/packages/build-example.js";
import { buildPackage } from "../harness/packages/build-package.js";
import { buildExamples, DebMachine } from "../harness/packages/deb-machine.js";
import { assertAnswers, ExampleService } from "../harness/packages/example-service.js";
import { story } from "../harness/packages/story.js";

const SETTINGS = "/etc/default/holdfast";
const PROVED = "HOLDFAST_UPGRADE_WAIT=proved\n";

describeOnEachRelease("the .deb of an app has to prove itself", (release) => {
  const step = story();
  let machine: DebMachine;

  before(async () => {
    machine = await DebMachine.boot(release);
    await machine.install(...(await buildExamples("1")));
  });
  after(() => machine?.[Symbol.asyncDispose]());

  step("a version that ends in its trial makes apt fail and say why, and the old one serves", async () => {
    const { code, output } = await machine.tryInstall([
      await buildExample("deb", "wsgi", "2", "does not last"),
    ]);
    assert.equal(code, 100, output);
    assert.match(
      output,
      /holdfast: example-wsgi\.service does not run the new version: generation 1, .* failed: generation 2 was on trial: /,
    );
    assert.equal(await machine.stateOf("example-wsgi"), "iF 2");
    assert.equal(await machine.wsgi.answer(), "1");
  });

  step("dpkg --configure -a does not try once more what was judged bad, and says so", async () => {
    const { code, stderr } = await machine.container.exec(["dpkg", "--configure", "-a"]);
    assert.equal(code, 1);
    assert.match(stderr, /example-wsgi\.service does not run the new version: .* failed: .*--force/);
    assert.equal(await machine.wsgi.answer(), "1");
  });

  step("where the admin waits for it, apt fails with a version that ends in its probation", async () => {
    await machine.container.write(SETTINGS, PROVED);
    const { code, output } = await machine.tryInstall([
      await buildExample("deb", "chat", "2", "does not last"),
    ]);
    assert.equal(code, 100, output);
    assert.match(output, /holdfast: upgrade to generation 2 failed: generation 2 was on probation: /);
    assert.match(output, /holdfast: the new version of example-chat\.service has not proved itself: /);
    assert.equal(await machine.stateOf("example-chat"), "iF 2");
    await machine.chat.settled();
    await assertAnswers(machine.container, "1");
  });

  step("a good version is waited for until it has proved itself", async () => {
    await machine.install(...(await buildExamples("3")));
    await machine.assertStates("ii 3");
    for (const service of machine.services) {
      const { code, report } = await service.status();
      assert.equal(code, 0);
      assert.equal(report.lastUpgrade?.verdict?.kind, "proved");
    }
  });

  step("a setting that means nothing fails the upgrade, and names the file", async () => {
    await machine.container.write(SETTINGS, "HOLDFAST_UPGRADE_WAIT=prooved\n");
    const { code, output } = await machine.tryInstall([await buildExample("deb", "wsgi", "4")]);
    assert.equal(code, 100, output);
    assert.match(
      output,
      /HOLDFAST_UPGRADE_WAIT=prooved means nothing; write trial or proved, in \/etc\/default\/holdfast/,
    );
    assert.equal(await machine.wsgi.answer(), "3");
  });
});

describeOnEachRelease("the .rpm of an app has to prove itself", (release) => {
  const step = story();
  let container: Container;
  let wsgi: ExampleService;

  before(async () => {
    container = await bootForPackages(release);
    wsgi = new ExampleService(container, "wsgi");
    const files = [await buildPackage("rpm"), await buildExample("rpm", "wsgi", "1")];
    const paths = [await buildBaseRpm(files), ...files].map((file) => bring(container, file));
    for (const path of paths) await container.sh(`rpm -U ${await path}`);
    await container.sh(`systemctl enable --quiet --now ${wsgi.socketUnit} ${wsgi.unit}`);
  });
  after(() => container?.[Symbol.asyncDispose]());

  step("a version that ends in its trial makes rpm warn and say why, and the old one serves", async () => {
    const path = await bring(container, await buildExample("rpm", "wsgi", "2", "does not last"));
    const { code, stdout, stderr } = await container.exec(["rpm", "-U", path]);
    assert.equal(code, 0, stderr);
    const said = stdout + stderr;
    assert.match(
      said,
      /example-wsgi\.service does not run the new version: .* failed: generation 2 was on trial: /,
    );
    assert.match(said, /%posttrans\(example-wsgi[^)]*\) scriptlet failed/);
    assert.equal(await wsgi.answer(), "1");
    assert.equal((await wsgi.status()).code, 4);
  });

  step("a good version is waited for until it has proved itself, where the admin says so", async () => {
    const path = await bring(container, await buildExample("rpm", "wsgi", "3"));
    await container.sh(`HOLDFAST_UPGRADE_WAIT=proved rpm -U ${path}`);
    assert.equal(await wsgi.answer(), "3");
    assert.equal((await wsgi.status()).report.lastUpgrade?.verdict?.kind, "proved");
  });

  step("a package whose spec file says so waits for it wherever it is installed", async () => {
    const script = await container.sh(`rpm --eval '%{holdfast_posttrans -p ${wsgi.unit}}'`);
    assert.equal(script.trim(), `/usr/lib/holdfast/app-units upgrade --wait=proved ${wsgi.unit}`);
    await container.sh(script);
    assert.equal((await wsgi.status()).report.lastUpgrade?.verdict?.kind, "proved");
  });
});

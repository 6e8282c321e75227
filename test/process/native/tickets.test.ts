import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { writeCertificate } from "../../harness/process/certificates.js";
import { Rig } from "../../harness/process/rig.js";
import { visit } from "../../harness/process/visit.js";
import { certificate } from "../../unit/worker/carriers/http/certificate.js";

async function openWithTls(): Promise<Rig> {
  const rig = new Rig({ native: true, workers: 2 });
  const certificates = rig.makeDirectory("certificates");
  writeCertificate(certificates, certificate);
  rig.release({ version: "1", protocol: "https", certificates });
  await rig.manager.startReady();
  return rig;
}

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  test(`${version}: a client resumes its session in any worker, after an upgrade, and after the daemon's death`, async () => {
    await using rig = await openWithTls();
    const { session } = await visit(rig.port, version);
    const resumes = async (): Promise<boolean> => (await visit(rig.port, version, session)).resumed;
    for (let time = 0; time < 10; time += 1) assert.ok(await resumes(), "whichever worker it meets");
    assert.equal((await rig.upgrade()).failure, null);
    await rig.settled();
    assert.ok(await resumes());
    await rig.manager.kill9();
    assert.ok(await resumes());
    await rig.manager.startReady();
    assert.equal((await rig.upgrade()).failure, null);
    await rig.settled();
    assert.ok(await resumes());
    // Without the secret it is a new session: what is seen here is not Node's own doing.
    await rig.manager.stop();
    rmSync(join(rig.stateDirectory, "tickets.key"));
    await rig.manager.startReady();
    assert.equal(await resumes(), false);
  });
}

test("what tickets are made of is in no log", async () => {
  await using rig = await openWithTls();
  await visit(rig.port, "TLSv1.3");
  const secret = readFileSync(join(rig.stateDirectory, "tickets.key"));
  assert.equal(rig.manager.log().includes(secret.toString("base64")), false);
});

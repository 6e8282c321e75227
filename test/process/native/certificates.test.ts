import assert from "node:assert/strict";
import { test } from "node:test";
import { askIn } from "../../harness/process/ask-protocol.js";
import { writeCertificate } from "../../harness/process/certificates.js";
import { Rig } from "../../harness/process/rig.js";
import { certificate, renewedCertificate } from "../../unit/worker/carriers/http/certificate.js";

for (const protocol of ["https", "h2"] as const) {
  test(`${protocol}: a renewed certificate is shown from the next upgrade on, and not before`, async () => {
    await using rig = new Rig({ native: true });
    const certificates = rig.makeDirectory("certificates");
    writeCertificate(certificates, certificate);
    rig.release({ version: "1", protocol, certificates });
    await rig.manager.startReady();
    const fingerprint = async () => (await askIn(protocol, rig.port)).fingerprint;
    const first = await fingerprint();
    writeCertificate(certificates, renewedCertificate);
    assert.equal(await fingerprint(), first);
    assert.equal((await rig.upgrade()).failure, null);
    await rig.settled();
    const second = await fingerprint();
    assert.ok(second !== undefined && second !== first);
    assert.equal((await rig.upgrade()).failure, null);
    await rig.settled();
    assert.equal(await fingerprint(), second);
  });
}

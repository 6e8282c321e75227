import assert from "node:assert/strict";
import { test } from "node:test";
import type { StatusReport } from "../../../src/control/port.js";
import { balance } from "../../harness/process/accounts.js";
import { askIn } from "../../harness/process/ask-protocol.js";
import type { Behaviour } from "../../harness/process/behaviour.js";
import { writeCertificate } from "../../harness/process/certificates.js";
import { Rig } from "../../harness/process/rig.js";
import { certificate } from "../../unit/worker/carriers/http/certificate.js";

function serversOf({ generations }: Pick<StatusReport, "generations">) {
  return generations.flatMap(({ workers }) => workers.flatMap(({ servers }) => servers));
}

for (const protocol of ["https", "h2c", "h2"] as const) {
  test(`${protocol}: a version that answers the verification takes over, one that answers badly never serves`, async () => {
    await using rig = new Rig({
      native: true,
      workers: 2,
      config: 'verify = { http = "/healthz", status = 200, timeout = "10s" }\n',
    });
    const certificates = rig.makeDirectory("certificates");
    writeCertificate(certificates, certificate);
    const release = (behaviour: Behaviour) => rig.release({ ...behaviour, protocol, certificates });
    const version = async (): Promise<unknown> => {
      const { body } = await askIn(protocol, rig.port);
      return JSON.parse(body).version;
    };
    release({ version: "1" });
    await rig.manager.startReady();
    assert.equal(await version(), "1");
    release({ version: "bad", health: 500 });
    const { failure } = await rig.upgrade();
    assert.match(failure?.message ?? "", /answered GET \/healthz with status 500, not status 200/);
    await rig.settled();
    assert.equal(await version(), "1");
    release({ version: "2" });
    assert.equal((await rig.upgrade()).failure, null);
    await rig.settled();
    // The probe has been the only connection of each, counted like any other, and goes.
    const { generations } = await rig.until("the end of the probes", (status) => {
      const servers = serversOf(status);
      return (
        servers.length === 2 && servers.every(({ counters }) => counters.requests > 0 && counters.open === 0)
      );
    });
    const seen = serversOf({ generations }).map(({ counters }) => [counters.accepted, counters.requests]);
    assert.deepEqual(seen, [
      [1, 1],
      [1, 1],
    ]);
    assert.equal(await version(), "2");
    await balance(rig);
  });
}

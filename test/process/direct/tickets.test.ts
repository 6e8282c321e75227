import assert from "node:assert/strict";
import { futimesSync } from "node:fs";
import { test } from "node:test";
import { fillMemfd, readMemfd } from "../../../src/linux/memfd.js";
import { visit } from "../../harness/process/visit.js";
import { certificate } from "../../unit/worker/carriers/http/certificate.js";
import { DirectRig } from "./direct-rig.js";

const dayMs = 24 * 60 * 60 * 1000;

async function openWithTls(): Promise<DirectRig> {
  const rig = new DirectRig();
  rig.put("key.pem", certificate.key);
  rig.put("cert.pem", certificate.cert);
  await rig.manager.startReady();
  return rig;
}

const ticketsOf = (rig: DirectRig): Buffer[] =>
  rig.manager.store.entries
    .filter(({ name }) => name === "holdfast.tickets")
    .map(({ fd }) => readMemfd(fd, 1_000) ?? Buffer.alloc(0));

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  test(`${version}: a client resumes its session after a restart, and after a crash`, async () => {
    await using rig = await openWithTls();
    const { session } = await visit(rig.port, version);
    assert.equal((await visit(rig.port, version, session)).resumed, true);
    await rig.endForRestart();
    await rig.manager.startReady();
    assert.equal((await visit(rig.port, version, session)).resumed, true);
    await rig.manager.kill9();
    await rig.manager.startReady();
    assert.equal((await visit(rig.port, version, session)).resumed, true);
    // Without the secret it is a new session: what is seen here is not Node's own doing.
    await rig.endForRestart();
    rig.manager.store.remove("holdfast.tickets");
    await rig.manager.startReady();
    assert.equal((await visit(rig.port, version, session)).resumed, false);
  });
}

test("the secret is kept once, said nowhere, and gone after a stop", async () => {
  await using rig = await openWithTls();
  await rig.endForRestart();
  await rig.manager.startReady();
  const [secret, ...others] = ticketsOf(rig);
  assert.equal(secret?.length, 48);
  assert.deepEqual(others, []);
  const said = `${rig.manager.log()}\n${rig.manager.messages.join("\n")}`;
  for (const encoding of ["hex", "base64", "latin1"] as const) {
    assert.ok(!said.includes(secret.toString(encoding)), encoding);
  }
  rig.job("stop");
  rig.manager.signal("SIGTERM");
  assert.equal((await rig.manager.ended()).code, 0);
  await rig.manager.waitFor("an empty store", () => rig.manager.store.names.length === 0);
});

for (const [when, offsetMs] of [
  ["a day ago", -dayMs],
  ["in the future, by a clock that was set back", dayMs / 24],
] as const) {
  test(`a secret that was made ${when} is replaced`, async () => {
    await using rig = await openWithTls();
    const [before] = ticketsOf(rig);
    await rig.endForRestart();
    const [kept] = rig.manager.store.entries.filter(({ name }) => name === "holdfast.tickets");
    const madeAt = new Date(Date.now() + offsetMs);
    futimesSync(kept?.fd ?? -1, madeAt, madeAt);
    await rig.manager.startReady();
    await rig.manager.waitFor("a new secret alone", () => {
      const [now, ...others] = ticketsOf(rig);
      return others.length === 0 && now?.length === 48 && !now.equals(before ?? now);
    });
  });
}

test("a damaged secret is replaced", async () => {
  await using rig = await openWithTls();
  const [before] = ticketsOf(rig);
  await rig.endForRestart();
  rig.manager.store.remove("holdfast.tickets");
  rig.manager.store.add("holdfast.tickets", fillMemfd("short", Buffer.from("short")));
  await rig.manager.startReady();
  await rig.manager.waitFor("a new secret alone", () => {
    const [now, ...others] = ticketsOf(rig);
    return others.length === 0 && now?.length === 48 && !now.equals(before ?? now);
  });
});

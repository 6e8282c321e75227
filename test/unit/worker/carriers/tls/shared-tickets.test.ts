import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { certificate } from "../http/certificate.js";
import { deadline } from "../http/deadline.js";
import { resumes, startGeneration, visit } from "./tls-server.js";

const versions = ["TLSv1.2", "TLSv1.3"] as const;
const client = (version: (typeof versions)[number]) => ({ minVersion: version, maxVersion: version });

for (const version of versions) {
  test(`${version}: a client of the old generation resumes its session in the new one`, async () => {
    const secret = randomBytes(48);
    await using old = await startGeneration({ secret });
    await using fresh = await startGeneration({ secret });
    assert.equal(await resumes(old, fresh, client(version)), true);
    assert.deepEqual([...old.problems, ...fresh.problems], []);
  });

  test(`${version}: generations that share nothing do not resume each other's sessions`, async () => {
    await using old = await startGeneration({});
    await using fresh = await startGeneration({});
    assert.equal(await resumes(old, old, client(version)), true);
    assert.equal(await resumes(old, fresh, client(version)), false);
  });

  test(`${version}: a session of one listener is worth nothing on another`, async () => {
    const secret = randomBytes(48);
    await using inner = await startGeneration({ secret, listener: "inner" });
    await using outer = await startGeneration({ secret, listener: "outer" });
    assert.equal(await resumes(outer, inner, client(version)), false);
  });

  test(`${version}: a session from before a listener asked for client certificates does not get in without one`, async () => {
    const secret = randomBytes(48);
    await using open = await startGeneration({ secret });
    await using strict = await startGeneration({
      secret,
      tls: { requestCert: true, rejectUnauthorized: false, ca: certificate.cert },
    });
    const { session } = await visit(open.port, client(version));
    const second = await visit(strict.port, { ...client(version), session });
    assert.deepEqual([second.reused, second.said], [false, "authorized false"]);
  });

  test(`${version}: sessions outlive an app's reading its certificates again`, async () => {
    const secret = randomBytes(48);
    await using old = await startGeneration({ secret });
    await using fresh = await startGeneration({ secret });
    fresh.server.setSecureContext(certificate);
    assert.equal(await resumes(old, fresh, client(version)), true);
    assert.equal(await resumes(fresh, old, client(version)), true);
  });

  test(`${version}: openssl resumes in another generation`, needs("openssl"), async () => {
    const secret = randomBytes(48);
    await using old = await startGeneration({ secret });
    await using fresh = await startGeneration({ secret });
    const directory = mkdtempSync(join(tmpdir(), "holdfast-tickets-"));
    try {
      const file = join(directory, "session.pem");
      const option = version === "TLSv1.2" ? "-tls1_2" : "-tls1_3";
      assert.match(await openssl(old.port, option, "-sess_out", file), /^New, /m);
      assert.match(await openssl(fresh.port, option, "-sess_in", file), /^Reused, /m);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
}

test("a renewed secret is used from the next connection on, in all generations", async () => {
  await using old = await startGeneration({ secret: randomBytes(48) });
  await using fresh = await startGeneration({});
  const { session } = await visit(old.port, {});
  const secret = randomBytes(48);
  for (const { tickets } of [old, fresh]) tickets.use(secret);
  assert.equal((await visit(old.port, { session })).reused, false);
  assert.equal(await resumes(old, fresh), true);
});

test("a server that was made with ticket keys keeps them", async () => {
  const ticketKeys = randomBytes(48);
  await using own = await startGeneration({ secret: randomBytes(48), tls: { ticketKeys } });
  assert.deepEqual(own.server.getTicketKeys(), ticketKeys);
});

function needs(program: string): { readonly skip: string | false } {
  const found = spawnSync(program, ["version"]).status === 0;
  return { skip: found ? false : `${program} is not installed` };
}

/** What s_client says. It reads until the server ends, for TLS 1.3 tickets come behind the handshake. */
async function openssl(port: number, ...options: string[]): Promise<string> {
  const child = spawn("openssl", ["s_client", "-ign_eof", "-connect", `127.0.0.1:${port}`, ...options], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    said += text;
  });
  await deadline("openssl", once(child, "close"));
  return said;
}

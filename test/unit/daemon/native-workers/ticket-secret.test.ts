import assert from "node:assert/strict";
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { TicketSecret } from "../../../../src/daemon/native-workers/ticket-secret.js";

let directory = "";
let file = "";
let warnings: string[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "holdfast-secret-"));
  file = join(directory, "tickets.key");
  warnings = [];
});
afterEach(() => rmSync(directory, { recursive: true }));

function load(): TicketSecret {
  return new TicketSecret(directory, (warning) => warnings.push(warning));
}

test("the secret outlives the daemon, in a file that only its user may read", () => {
  const { text } = load();
  assert.equal(Buffer.from(text, "base64").length, 48);
  assert.equal(load().text, text);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual([readdirSync(directory), warnings], [["tickets.key"], []]);
});

test("a renewed secret is another one, and is kept", () => {
  const secret = load();
  const before = secret.text;
  secret.renew();
  assert.notEqual(secret.text, before);
  assert.equal(load().text, secret.text);
});

const untrusted: readonly { readonly what: string; readonly spoil: () => void }[] = [
  { what: "too short", spoil: () => writeFileSync(file, readFileSync(file).subarray(1)) },
  { what: "too long", spoil: () => writeFileSync(file, Buffer.alloc(49)) },
  { what: "readable by others", spoil: () => chmodSync(file, 0o640) },
  {
    what: "a symbolic link",
    spoil: () => {
      rmSync(file);
      symlinkSync(join(directory, "elsewhere"), file);
    },
  },
];

for (const { what, spoil } of untrusted) {
  test(`a file that is ${what} is not used but replaced, with a warning that does not tell the secret`, () => {
    const { text } = load();
    spoil();
    const next = load().text;
    assert.notEqual(next, text);
    assert.equal(warnings.length, 1);
    assert.equal(
      [text, next].some((secret) => warnings[0]?.includes(secret)),
      false,
    );
    assert.equal(load().text, next);
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });
}

test("a secret that cannot be written down is used all the same", () => {
  const blocked = join(directory, "blocked");
  writeFileSync(blocked, "");
  const secret = new TicketSecret(blocked, (warning) => warnings.push(warning));
  assert.equal(Buffer.from(secret.text, "base64").length, 48);
  assert.match(warnings.at(-1) ?? "", /cannot write/);
});

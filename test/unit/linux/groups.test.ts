import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { allowGroups, findGroup } from "../../../src/linux/groups.js";
import { temporaryDirectory } from "./temporary-directory.js";

test("a group is found by its name and by its number, and one that is not there is not", async () => {
  assert.equal(await findGroup("root"), 0);
  assert.equal(await findGroup("4711"), 4711);
  for (const name of ["no-such-group-here", "-x", "root:x"])
    assert.equal(await findGroup(name), undefined, name);
});

test("groups are let in, and out again, and the owner keeps the file to itself otherwise", async (t) => {
  const path = join(temporaryDirectory(t), "control.sock");
  const server = createServer();
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(path, resolve));
  allowGroups(path, [61_001, 61_002, 61_001]);
  // The mask of the list stands in the place of the group's bits: acl(5).
  assert.equal(statSync(path).mode & 0o777, 0o660);
  allowGroups(path, []);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

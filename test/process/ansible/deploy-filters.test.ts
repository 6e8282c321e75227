import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

/** Calls a filter of the collection. */
function filter(name: string, ...args: unknown[]): unknown {
  const script = `import json, sys
sys.path.insert(0, "packaging/ansible/plugins/filter")
import deploy
print(json.dumps(deploy.FilterModule().filters()["${name}"](*json.loads(sys.argv[1]))))`;
  return JSON.parse(
    execFileSync("/usr/bin/python3", ["-B", "-c", script, JSON.stringify(args)], { encoding: "utf8" }),
  );
}

const [list, ours, id] = ["sha256:aa", "sha256:bb", "cc"];
const image = (RepoDigests: readonly string[]) => [{ Id: id, Digest: ours, RepoDigests }];

test("an image is named by the digest that its registry has it by, in the repository that was asked for", () => {
  const known = image([`a.example/web@${ours}`, `b.example:5000/web@${list}`, `b.example:5000/web@${ours}`]);
  for (const name of ["b.example:5000/web", "b.example:5000/web:1.5", `b.example:5000/web@${ours}`]) {
    assert.equal(filter("image_by_digest", known, name), `b.example:5000/web@${ours}`);
  }
  assert.equal(
    filter("image_by_digest", image([`docker.io/library/web@${ours}`]), "web:1"),
    `docker.io/library/web@${ours}`,
  );
});

test("an image of no registry is named by its id, and one that is not there by its name", () => {
  assert.equal(filter("image_by_digest", image([]), "localhost/web"), id);
  assert.equal(filter("image_by_digest", [], "b.example/web:1"), "b.example/web:1");
});

test("why a task has failed is told in the words of the command that has failed, also in a loop", () => {
  const stderr =
    "Reading state\nholdfast: web does not run the new version: it crashed\ndpkg: error processing web\n";
  const failed = { failed: true, msg: "dpkg -i web.deb failed", stderr };
  const why = "dpkg -i web.deb failed: web does not run the new version: it crashed";
  assert.equal(filter("reason", failed, "Install it"), why);
  const loop = { msg: "One or more items failed", results: [{ failed: false }, failed] };
  assert.equal(filter("reason", loop, "Install it"), why);
  const command = {
    failed: true,
    msg: "non-zero return code",
    stderr: "a warning\nError: manifest unknown\n",
  };
  assert.equal(filter("reason", command, "Pull it"), "manifest unknown");
  assert.equal(filter("reason", { failed: true }, "Pull it"), "Pull it");
});

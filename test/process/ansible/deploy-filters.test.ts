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

test("a problem is new unless the doctor told the same before; where its message counts something, unless it told of that", () => {
  const said = (...findings: (readonly [string, string])[]) =>
    JSON.stringify({
      instances: [{ findings: findings.map(([check, message]) => ({ check, level: "problem", message })) }],
    });
  const before = said(["server", "no --fd"], ["open-files", "9 of 10 fds"], ["missing", "no such directory"]);
  const after = said(
    ["server", "no --fd"],
    ["server", "no --preload in /tmp/new.toml"],
    ["open-files", "8 of 10 fds"],
    ["missing", "no such directory"],
  );
  const found = filter("new_problems", after, before, "/tmp/new.toml", "/etc/web.toml");
  assert.deepEqual(
    (found as { message: string }[]).map(({ message }) => message),
    ["no --preload in /etc/web.toml", "no such directory"],
  );
  assert.deepEqual(
    filter("new_problems", said(["server", "in /new"]), said(["server", "in /old"]), "/new", "/old"),
    [],
  );
  assert.deepEqual(filter("new_problems", said(), "", "/new", "/old"), []);
});

const unit = "holdfast@web.service";
const socketFile = (name: string, ...lines: readonly string[]) =>
  lines.map((line) => `/etc/systemd/system/${name}:${line}\n`).join("");
const httpSocket = (address: string) =>
  socketFile("holdfast@web.socket", `ListenStream=${address}`, "FileDescriptorName=http");
const adminSocket = socketFile(
  "holdfast-web-admin.socket",
  "ListenStream=9000",
  "FileDescriptorName=admin",
  `Service=${unit}`,
);

test("a listener's unit is left over where its name and its service say so, and not one that somebody else has made", () => {
  const metrics = socketFile(
    "holdfast-web-metrics.socket",
    "FileDescriptorName=holdfast.metrics",
    `Service=${unit}`,
  );
  const other = socketFile("holdfast-web-x.socket", "FileDescriptorName=x", "Service=holdfast@web-x.service");
  const found = httpSocket("8080") + adminSocket + metrics + other;
  assert.deepEqual(filter("sockets_of", found, unit), ["holdfast-web-admin.socket"]);
});

test("while a service runs its sockets stay as they are: a new one, another address and one that is left are in the way", () => {
  const wanted = [{ unit: "holdfast@web.socket", kind: "ListenStream", place: "8080", listener: "http" }];
  const left = ["holdfast-web-admin.socket"];
  const inTheWay = (found: string, ...states: readonly string[]) =>
    filter("sockets_in_the_way", found, wanted, left, states) as string[];
  const same = httpSocket("8080");
  assert.deepEqual(inTheWay(same, "active", "active", "inactive"), []);
  assert.match(
    inTheWay(same, "active", "active", "active").join(),
    /^holdfast-web-admin.socket is of no listener/,
  );
  assert.match(
    inTheWay(same, "active", "inactive", "inactive").join(),
    /^holdfast@web.socket does not listen/,
  );
  assert.match(
    inTheWay(httpSocket("80"), "reloading", "active", "inactive").join(),
    /^holdfast@web.socket is another/,
  );
  for (const stopped of ["inactive", "failed"]) {
    assert.deepEqual(inTheWay(httpSocket("80"), stopped, "active", "active"), []);
  }
});

test("nobody is told who asks for a release, and by which secret", () => {
  const msg = "Failed to fetch https://user:token@example.com/web.git: no such host";
  const told = "Failed to fetch https://example.com/web.git: no such host";
  assert.equal(filter("reason", { failed: true, msg }, "Fetch it"), told);
  assert.equal(filter("without_secret", msg), told);
  for (const harmless of ["git@example.com:web.git", "https://example.com/@scope/web.tgz"]) {
    assert.equal(filter("without_secret", harmless), harmless);
  }
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

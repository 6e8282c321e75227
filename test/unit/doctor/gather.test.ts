import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { instanceOf } from "../../../src/doctor/gather/find-instances.js";
import { gatherSource } from "../../../src/doctor/gather/source.js";
import { readSocket } from "../../../src/doctor/gather/units.js";
import { readTimeSpan } from "../../../src/doctor/time-span.js";
import { temporaryDirectory } from "../linux/temporary-directory.js";

for (const [text, ms] of [
  ["0", 0],
  ["infinity", Number.POSITIVE_INFINITY],
  ["100ms", 100],
  ["1min 30s", 90_000],
  ["1d 2h", 93_600_000],
  ["1.500s", 1_500],
  ["", undefined],
  ["[not set]", undefined],
  ["30", undefined],
] as const) {
  test(`time span ${JSON.stringify(text)}`, () => assert.equal(readTimeSpan(text), ms));
}

for (const [argv, expected] of [
  ["/usr/bin/holdfastd --name web", { name: "web", configFile: "/etc/holdfast/web.toml" }],
  [
    "/usr/bin/node /opt/holdfast/dist/daemon.js --name=a.b --config /srv/x.toml",
    { name: "a.b", configFile: "/srv/x.toml" },
  ],
  ["/usr/bin/nginx --name web", undefined],
  ["/usr/bin/holdfastd", undefined],
] as const) {
  test(`${argv} runs ${expected?.name ?? "no instance"}`, () => {
    const ExecStart = `{ path=x ; argv[]=${argv} ; ignore_errors=no ; pid=0 }`;
    const found = instanceOf(new Map(Object.entries({ Id: "x.service", ExecStart })));
    assert.deepEqual(found, expected && { ...expected, unit: "x.service" });
  });
}

test("a socket unit's addresses are read as the config writes them; what no config can say is left out", () => {
  const Listen = [
    "[::]:80 (Stream)",
    "/run/a (Stream)",
    "@b (Stream)",
    "127.0.0.1:53 (Datagram)",
    "/dev/x (FIFO)",
    "vsock::80 (Stream)",
    "kobject-uevent 1 (Netlink)",
  ].join("\n");
  const socket = readSocket(
    new Map(
      Object.entries({
        Id: "a.socket",
        Listen,
        Accept: "no",
        MaxConnectionsPerSource: "3",
        ActiveState: "active",
      }),
    ),
  );
  assert.deepEqual(socket, {
    unit: "a.socket",
    listener: "a.socket",
    accept: false,
    perSource: 3,
    active: true,
    unused: ["/dev/x (FIFO)", "vsock::80 (Stream)", "kobject-uevent 1 (Netlink)"],
    addresses: [
      { kind: "tcp", family: 6, host: "::", port: 80 },
      { kind: "unix", path: "/run/a" },
      { kind: "unix", path: "@b" },
      { kind: "udp", family: 4, host: "127.0.0.1", port: 53 },
    ],
  });
});

test("a FIFO in the place of the app's script holds nobody up", (t) => {
  const directory = temporaryDirectory(t);
  execFileSync("mkfifo", [join(directory, "app.js")]);
  assert.equal(gatherSource({ command: ["node", "app.js"], release: directory })?.text ?? "", "");
});

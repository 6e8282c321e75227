import assert from "node:assert/strict";
import { test } from "node:test";
import { readListenArguments } from "../../../../src/worker/preload/listen-arguments.js";

const done = (): void => {};
const port = (host?: string) => ({ kind: "port", port: 8080, host, ipv6Only: false });
const fd = (number: number) => ({ kind: "fd", fd: number });
const path = (text: string) => ({ kind: "path", path: text });

test("every form of listen that names a place is understood", () => {
  const forms: readonly (readonly [readonly unknown[], unknown])[] = [
    [[8080], port()],
    [["8080", done], port()],
    [[8080, done], port()],
    [[8080, "127.0.0.1"], port("127.0.0.1")],
    [[8080, "127.0.0.1", 64, done], port("127.0.0.1")],
    [[8080, 64, done], port()],
    [[8080, undefined, done], port()],
    [[8080, ""], port()],
    [[{ port: 8080 }], port()],
    [[{ port: "8080", host: "::1", backlog: 9 }, done], port("::1")],
    [[{ port: 8080, path: "/ignored" }], port()],
    [["/run/app.sock"], path("/run/app.sock")],
    [["/run/../run/app.sock", 64, done], path("/run/app.sock")],
    [["\0name"], path("@name")],
    [[{ path: "/run/app.sock" }, done], path("/run/app.sock")],
    [[{ port: 8080, ipv6Only: true }], { ...port(), ipv6Only: true }],
    [[{ fd: 3 }], fd(3)],
    [[{ handle: { fd: 4 } }, done], fd(4)],
    [[{ _handle: { fd: 4 } }], fd(4)],
    [[{ fd: 4, onconnection: null }], fd(4)],
    [["systemd"], fd(3)],
  ];
  for (const [args, wish] of forms) assert.deepEqual(readListenArguments(args), wish, JSON.stringify(args));
});

test("a free port, a handle without an fd, and nonsense are left to Node", () => {
  const forms: readonly (readonly unknown[])[] = [
    [],
    [done],
    [0],
    [undefined, done],
    [null, done],
    [{ port: 0 }],
    [{ host: "127.0.0.1" }],
    [{ _handle: {} }],
    [{ handle: {} }],
    [{ fd: -1 }],
    [70_000],
    [{ port: "web" }],
  ];
  for (const args of forms) assert.equal(readListenArguments(args), undefined, JSON.stringify(args));
});

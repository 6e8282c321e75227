import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "./sample.js";

const command = 'command = ["x"]\n';

test("[metrics] says where metrics are told; without it nowhere but on the control socket", () => {
  for (const [toml, metrics] of [
    [
      'address = "127.0.0.1:9464"',
      { address: { kind: "tcp", family: 4, host: "127.0.0.1", port: 9464 }, mode: null },
    ],
    ['address = "[::]:9464"', { address: { kind: "tcp", family: 6, host: "::", port: 9464 }, mode: null }],
    [
      'address = "unix:/run/web/metrics.sock"\nmode = "0660"',
      { address: { kind: "unix", path: "/run/web/metrics.sock" }, mode: 0o660 },
    ],
  ] as const) {
    const given = parse(`${command}[metrics]\n${toml}`);
    assert.ok(given.ok, given.ok ? "" : given.failure.message);
    assert.deepEqual(given.value.metrics, metrics);
  }
  const without = parse(command);
  assert.ok(without.ok);
  assert.equal(without.value.metrics, null);
});

for (const [toml, message] of [
  ["metrics = true", /^web\.toml:2: metrics: must be a table, as in address = /],
  ["[metrics]", /^web\.toml:2: metrics\.address: needs `address`, where Prometheus asks/],
  ["[metrics]\naddress = 9464", /^web\.toml:3: metrics\.address: must be a string; write it in quotes/],
  ['[metrics]\naddress = "udp:127.0.0.1:9464"', /^web\.toml:3: metrics\.address: .*HTTP has no datagrams/],
  ['[metrics]\naddress = "127.0.0.1:0"', /^web\.toml:3: metrics\.address: /],
  ['[metrics]\naddress = "127.0.0.1:1"\nmode = "0660"', /^web\.toml:4: metrics\.mode: is only for the file/],
  ['[metrics]\nadress = "127.0.0.1:1"', /unknown key `adress`; did you mean `address`\?/],
  [
    '[metrics]\naddress = "0.0.0.0:80"\n[listeners.http]\naddress = "127.0.0.1:80"',
    /^web\.toml:2: metrics: the address is where a listener of the app listens, too/,
  ],
] as const) {
  test(`${JSON.stringify(toml)} is refused`, () => {
    const parsed = parse(command + toml);
    assert.match(parsed.ok ? "" : parsed.failure.message, message);
  });
}

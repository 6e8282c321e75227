import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type Address,
  formatAddress,
  leavesIPv4To,
  overlaps,
  parseAddress,
  sameAddress,
} from "../../../src/lib/address.js";

function read(text: string): Address {
  const result = parseAddress(text);
  assert.ok(result.ok, result.ok ? "" : result.failure.message);
  return result.value;
}

const canonical = [
  "127.0.0.1:8080",
  "0.0.0.0:1",
  "[::]:8080",
  "[::1]:65535",
  "[2001:db8::1]:443",
  "[fe80::1%eth0]:80",
  "0.0.0.0%eth0.5:80",
  "udp:[::%lo]:53",
  "udp:127.0.0.1:53",
  "udp:[::1]:53",
  "unix:/run/x.sock",
  "unix:/run/with space/ü.sock",
  "unix:@name",
  `unix:/${"x".repeat(106)}`,
];

for (const text of canonical) {
  test(`${text} reads and writes back as itself`, () => {
    assert.equal(formatAddress(read(text)), text);
  });
}

const refused: readonly (readonly [text: string, why: RegExp])[] = [
  ["localhost:8080", /host name.*write an IP address/],
  ["udp:example.org:53", /host name.*write an IP address/],
  ["127.0.0.1:0", /port 0 means any free port/],
  ["127.0.0.1:65536", /from 1 to 65535/],
  ["127.0.0.1:080", /from 1 to 65535/],
  ["127.0.0.1:http", /from 1 to 65535/],
  ["127.0.0.1", /port is missing; write 127\.0\.0\.1:8080/],
  ["8080", /write an IP address and a port/],
  ["", /write an IP address and a port/],
  [":8080", /all addresses write 0\.0\.0\.0/],
  ["udp:*:53", /all addresses write udp:0\.0\.0\.0/],
  ["256.0.0.1:80", /"256\.0\.0\.1" is not an IP address/],
  ["127.0.0.01:80", /not an IP address/],
  ["[127.0.0.1]:80", /only an IPv6 address goes in brackets/],
  ["::1", /brackets.*write \[::1\]:8080/],
  ["1:2:3:4:5:6:7:8:80", /brackets; write \[1:2:3:4:5:6:7:8\]:80/],
  ["[fe80::1%]:80", /network interface/],
  ["127.0.0.1%an interface:80", /network interface/],
  ["[fe80::1%eth0%eth1]:80", /network interface/],
  ["[::1]", /write an IP address and a port/],
  ["unix:", /must be absolute/],
  ["unix:run/x", /must be absolute/],
  ["unix:@", /name must follow/],
  ["unix:/run/", /directory/],
  ["unix:/run//x", /write unix:\/run\/x/],
  ["unix:/run/../x", /write unix:\/x/],
  ["unix:/run/a\0b", /control characters/],
  [`unix:/${"x".repeat(107)}`, /108 bytes.*at most 107/],
  [`unix:/${"ü".repeat(54)}`, /109 bytes/],
];

for (const [text, why] of refused) {
  test(`${JSON.stringify(text.slice(0, 40))} is refused with the reason`, () => {
    const result = parseAddress(text);
    assert.ok(!result.ok);
    assert.equal(result.failure.reason, "address-invalid");
    assert.match(result.failure.message, why);
  });
}

test("two spellings of one IPv6 address are the same address", () => {
  assert.ok(sameAddress(read("[0:0:0:0:0:0:0:1]:80"), read("[::1]:80")));
  assert.ok(sameAddress(read("[2001:DB8:0:0::1]:80"), read("[2001:db8::0:1]:80")));
  assert.ok(sameAddress({ kind: "tcp", family: 6, host: "0:0:0:0:0:0:0:0", port: 80 }, read("[::]:80")));
  assert.ok(!sameAddress(read("[::1]:80"), read("udp:[::1]:80")));
  assert.ok(!sameAddress(read("[::1]:80"), read("[::1]:81")));
  assert.ok(!sameAddress(read("unix:/run/x"), read("unix:@run/x")));
});

test("every address that is read is written so that it reads as the same again", () => {
  const ip = fc.oneof(
    fc.ipV4(),
    fc.ipV6().map((host) => `[${host}]`),
  );
  const path = fc
    .string({ unit: fc.constantFrom("a", "Z", ".", " ", "ü", "-"), minLength: 3, maxLength: 40 })
    .filter((name) => !/^\.+$/.test(name));
  const text = fc.oneof(
    fc
      .tuple(fc.constantFrom("", "udp:"), ip, fc.integer({ min: 1, max: 65_535 }))
      .map((p) => `${p[0]}${p[1]}:${p[2]}`),
    fc.tuple(fc.constantFrom("unix:/", "unix:@"), path).map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(text, (spelling) => {
      const address = read(spelling);
      const written = formatAddress(address);
      assert.deepEqual(read(written), address);
      assert.equal(formatAddress(read(written)), written);
    }),
  );
});

test("no text makes reading an address throw", () => {
  const pieces = fc.array(
    fc.constantFrom(
      "unix:",
      "udp:",
      "[",
      "]",
      ":",
      "::",
      "@",
      "/",
      "%",
      "127.0.0.1",
      "fe80",
      "80",
      "0",
      "\n",
      "é",
    ),
  );
  const any = fc.oneof(
    fc.string({ unit: "binary" }),
    pieces.map((list) => list.join("")),
  );
  fc.assert(
    fc.property(any, (text) => {
      const result = parseAddress(text);
      if (result.ok) assert.deepEqual(read(formatAddress(result.value)), result.value);
      else assert.match(result.failure.message, /^cannot read address /);
    }),
    { numRuns: 2_000 },
  );
});

const pairs: readonly (readonly [one: string, other: string, overlap: boolean])[] = [
  ["0.0.0.0:80", "127.0.0.1:80", true],
  ["0.0.0.0:80", "127.0.0.1:81", false],
  ["127.0.0.2:80", "127.0.0.1:80", false],
  ["[::]:80", "127.0.0.1:80", true],
  ["[::]:80", "udp:127.0.0.1:80", false],
  ["[::1]:80", "127.0.0.1:80", false],
  ["[::]:80", "[::1]:80", true],
  ["0.0.0.0%eth0:80", "0.0.0.0%eth1:80", false],
  ["0.0.0.0%eth0:80", "0.0.0.0:80", true],
  ["unix:/run/a", "unix:/run/a", true],
  ["unix:/run/a", "[::]:80", false],
];

test("addresses overlap where the kernel lets nobody have both", () => {
  for (const [one, other, overlap] of pairs) {
    const found = [overlaps(read(one), read(other)), overlaps(read(other), read(one))];
    assert.deepEqual(found, [overlap, overlap], `${one} ${other}`);
  }
});

test("only [::] has IPv4 to leave to another", () => {
  assert.ok(leavesIPv4To(read("[::]:80"), read("127.0.0.1:80")));
  assert.ok(!leavesIPv4To(read("[::]:80"), read("[::1]:80")));
  assert.ok(!leavesIPv4To(read("0.0.0.0:80"), read("127.0.0.1:80")));
  assert.ok(!leavesIPv4To(read("[::]:80"), read("127.0.0.1:81")));
});

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { pathInCheckout } from "../../harness/container/checkout.js";
import { temporaryDirectory } from "../linux/temporary-directory.js";

interface Room {
  readonly files?: readonly string[];
  readonly may: readonly string[];
  readonly not?: readonly string[];
  readonly types?: readonly string[];
}

/** The places that the check names in a tree of these files, as `file:line`. */
function check(t: TestContext, files: Readonly<Record<string, string>>): readonly string[] {
  const top = temporaryDirectory(t);
  const scripts = join(top, "scripts");
  mkdirSync(scripts);
  for (const script of ["check-imports.mjs", "rooms.mjs"]) {
    const text = readFileSync(pathInCheckout("scripts", script), "utf8");
    // A room in a room stands in no row of today's.
    writeFileSync(
      join(scripts, script),
      text.replace(
        "export const rooms = {",
        'export const rooms = { "worker/walled": { may: ["lib"], node: [] }, "cli/window": { may: ["worker/walled"] },',
      ),
    );
  }
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(top, file)), { recursive: true });
    writeFileSync(join(top, file), text);
  }
  const { status, stderr } = spawnSync(process.execPath, [join(scripts, "check-imports.mjs")], {
    encoding: "utf8",
  });
  const places = [...stderr.matchAll(/^(\S+:\d+): /gm)].map(([, place = ""]) => place);
  assert.equal(status, places.length === 0 ? 0 : 1, stderr);
  return places;
}

/** Not written out: the check reads this file, too. */
const load = (name: string): string => `import x from "${name}";`;

const depths = ["", "one/", "one/two/", "one/two/three/", "one/two/three/four/"];

for (const [depth, folder] of depths.entries()) {
  const file = `src/worker/${folder}x.ts`;
  const up = "../".repeat(depth + 1);

  test(`no import leaves its room unallowed, ${depth} folders deep`, (t) => {
    const ways = [
      `import { decide } from "${up}model/decide.js";`,
      `import type { State } from "${up}model/state.js";`,
      `import { type State } from "${up}model/state.js";`,
      `export * from "${up}model/deep/state.js";`,
      `export type { State } from "${up}model/state.js";`,
      `import "${up}daemon.js";`,
      `await import("${up}cli/help.js");`,
      `type T = typeof import("${up}model/state.js");`,
      load("koffi"),
      `createRequire(import.meta.url)("${"sd-notify"}");`,
      load("winston").replace("import", "import type"),
      'import left from "left-pad";',
      `const name = "${up}log/log.js";`,
      `await import(name);`,
    ];
    const places = check(t, { [file]: `${ways.join("\n")}\n` });
    assert.deepEqual(
      places,
      ways.map((_, index) => `${file}:${index + 1}`),
    );
  });

  test(`what a room may import passes, ${depth} folders deep`, (t) => {
    const allowed = [
      "// an example in a comment",
      `/** import "${up}model/state.js" */`,
      `import { fail } from "${up}lib/failure.js";`,
      `import { open } from "${up}linux/deep/fd.js";`,
      `import type { X } from "${up}worker/state/state.js";`,
      'import { x } from "./model/state.js";',
      'import net from "node:net";',
      'import * as v from "valibot";',
    ];
    assert.deepEqual(check(t, { [file]: `${allowed.join("\n")}\n` }), []);
  });
}

test("a room that may import types only imports nothing else", (t) => {
  const lines = [
    "import type {\n  State,\n} from",
    "import { decide } from",
    "import { type State } from",
    "export * from",
  ];
  const text = `${lines.map((line) => `${line} "../../model/state.js";`).join("\n")}\n`;
  const places = [4, 5, 6].map((line) => `src/control/deep/x.ts:${line}`);
  assert.deepEqual(check(t, { "src/control/deep/x.ts": text }), places);
});

test("a pure room imports no module of Node, its type neither", (t) => {
  const text = [
    'import { isDeepStrictEqual } from "node:util";',
    'import type { Stats } from "node:fs";',
    'import { join } from "path";',
    'process.getBuiltinModule("node:net");',
  ].join("\n");
  const places = [2, 3, 4].map((line) => `src/model/deep/x.ts:${line}`);
  assert.deepEqual(check(t, { "src/model/deep/x.ts": text }), places);
});

test("a room in a room has rights of its own", (t) => {
  const places = check(t, {
    "src/worker/walled/deep/x.ts":
      'import "../y.js";\nimport "../../../lib/x.js";\nimport "../../serve.js";\n',
    "src/worker/http/x.ts": 'import "../walled/x.js";\n',
    "src/cli/window/x.ts": 'import "../../worker/walled/x.js";\nimport "../../worker/serve.js";\n',
    "src/cli/x.ts": 'import "./window/x.js";\nimport "../worker/walled/x.js";\n',
  });
  assert.deepEqual(places, ["src/cli/window/x.ts:2", "src/cli/x.ts:2", "src/worker/walled/deep/x.ts:3"]);
});

test("a file in no room, and a way out of src, are refused", (t) => {
  const places = check(t, {
    "src/stray.ts": "export const x = 1;\n",
    "src/attic/x.ts": "export const x = 1;\n",
    "src/daemon/x.ts":
      'import "../../scripts/rooms.js";\nimport "../attic/x.js";\nimport "../worker/x.js";\n',
  });
  assert.deepEqual(places, ["src/attic/x.ts:1", "src/daemon/x.ts:1", "src/daemon/x.ts:2", "src/stray.ts:1"]);
});

test("tests and scripts go through the rooms that koffi, sd-notify, systemd-socket and winston belong to", (t) => {
  const given = ["koffi", "sd-notify", "systemd-socket", "winston"];
  const text = given.map(load).join("\n");
  const places = ["test/unit/x/y.ts", "scripts/z.mjs"].flatMap((file) =>
    [1, 2, 3, 4].map((n) => `${file}:${n}`),
  );
  assert.deepEqual(
    check(t, { "test/unit/x/y.ts": `${text}\nimport "ws";\n`, "scripts/z.mjs": text }),
    places,
  );
});

async function readRooms(): Promise<Readonly<Record<string, Room>>> {
  const path = pathInCheckout("scripts/rooms.mjs");
  const { rooms }: { rooms: Record<string, Room> } = await import(path);
  return rooms;
}

test("ARCHITECTURE.md tells of each room what it may import", async () => {
  const section = readFileSync(pathInCheckout("ARCHITECTURE.md"), "utf8").split(/^## /m);
  const table = section.find((text) => text.startsWith("Rooms\n")) ?? "";
  const told = [...table.matchAll(/^\| (`.*?`) \|.*\| (.*) \|$/gm)].map(([, room, may]) => `${room}: ${may}`);
  const said = Object.entries(await readRooms()).map(([room, { files = [], may, not, types = [] }]) => {
    const names = [...files, `${room}/`].map((name) => `\`${name}\``).join(", ");
    const rights = not === undefined ? [...may, ...types.map((name) => `${name} (types)`)] : [];
    return `${names}: ${not === undefined ? rights.join(", ") || "nothing" : `all but ${not.join(", ")}`}`;
  });
  assert.deepEqual(told.sort(), said.sort());
});

test("no way of imports leads back to a room, and only the daemon's lead to winston", async () => {
  const rooms = await readRooms();
  const next = (room: string): readonly string[] => {
    const { may = [], not = [], types = [] } = rooms[room] ?? {};
    const all = may.includes("*") ? Object.keys(rooms).filter((name) => name !== room) : may;
    return [...all.filter((name) => !not.includes(name)), ...types];
  };
  const reach = (room: string, seen = new Set<string>()): ReadonlySet<string> => {
    for (const one of next(room)) if (!seen.has(one)) reach(one, seen.add(one));
    return seen;
  };
  for (const room of Object.keys(rooms)) {
    assert.ok(!reach(room).has(room), `${room} leads back to itself`);
    assert.equal(reach(room).has("log"), room === "daemon", room);
  }
});

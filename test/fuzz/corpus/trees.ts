import type { Snapshots } from "../snapshot.js";

const nothing = { before: [], meanwhile: [], byApp: [], shared: [], writable: [] };

/** Releases that were copied wrong, and snapshots that were never removed. */
export const knownTrees: readonly Snapshots[] = [
  nothing,
  // A name that is not UTF-8, in the release and by the app.
  { ...nothing, before: [{ does: "write", path: "\u0000bad" }] },
  { ...nothing, byApp: [{ does: "write", path: "\u0000bad" }] },
  { ...nothing, byApp: [{ does: "directory", path: "a/\u0000bad/c" }] },
  // A directory that becomes a link to what is outside while it is copied.
  {
    ...nothing,
    before: [{ does: "write", path: "a/secret" }],
    meanwhile: [
      { does: "rename", path: "a", to: "b", afterMs: 23 },
      { does: "link", path: "a", to: "../outside", afterMs: 0 },
    ],
  },
  { ...nothing, before: [{ does: "link", path: "a", to: "../outside" }], writable: ["a"], shared: ["a/b"] },
  { ...nothing, before: [{ does: "write", path: "a/b" }], byApp: [{ does: "mode", path: "a", mode: 0 }] },
  { ...nothing, before: [{ does: "fifo", path: "a" }], byApp: [{ does: "fifo", path: "b" }] },
];

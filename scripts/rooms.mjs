// Who may import whom below src: the one table. check-imports.mjs holds the code to it, a unit test ARCHITECTURE.md.
//
// A room is a folder, or a folder in a room ("worker/state"): a file is in the deepest one that it is below, or in the one
// that names it among `files`. It may import what is in its own room, and
// - may: rooms, with the rooms in them; "*" for every room but those of `not`;
// - types: rooms of which it may import types only;
// - node: the built-in modules it may import; any where nothing is said.

/** @type {Record<string, { files?: string[], may: string[], not?: string[], types?: string[], node?: string[] }>} */
export const rooms = {
  daemon: { files: ["daemon.ts"], may: ["*"], not: ["cli", "web"] },
  cli: {
    files: ["cli.ts"],
    may: ["config", "control", "doctor", "instances", "lib", "linux", "model", "state", "systemd", "web"],
  },
  web: {
    files: ["web.ts"],
    may: ["config", "control", "instances", "lib", "linux", "metrics", "systemd"],
    types: ["model"],
  },
  doctor: { may: ["config", "control", "lib", "linux", "process", "systemd"] },
  judge: { may: ["lib"], node: [] },
  model: { may: ["judge", "lib"], node: ["util"] },
  supervisor: { may: ["lib", "model"], node: [] },
  linux: { may: ["lib"] },
  systemd: { may: ["lib", "linux", "model"] },
  listeners: { may: ["lib", "linux", "model"], node: [] },
  succession: { may: ["channel", "lib", "linux", "systemd"] },
  process: { may: ["channel", "lib", "linux", "model"] },
  release: { may: ["lib", "linux"] },
  state: { may: ["lib", "linux", "model"], types: ["control"] },
  config: { may: ["lib"], types: ["model"] },
  channel: { may: ["lib", "linux"] },
  worker: { files: ["register.ts"], may: ["channel", "lib", "linux", "systemd"] },
  control: { may: ["lib"], types: ["model"] },
  metrics: { may: ["lib"], types: ["control"], node: [] },
  page: { may: ["lib"], types: ["control", "web"], node: [] },
  instances: { may: ["lib", "linux"], types: ["control"], node: ["fs"] },
  log: { may: [], node: ["fs", "path"] },
  lib: { may: [], node: ["net", "path"] },
};

/** The packages that src may import, and the rooms that may. */
export const packages = {
  koffi: ["linux"],
  preact: ["page"],
  "preact-render-to-string": ["page"],
  "sd-notify": ["systemd"],
  "smol-toml": ["config"],
  "systemd-socket": ["systemd"],
  uplot: ["page"],
  valibot: ["lib", "channel", "config", "control", "state", "succession", "systemd", "worker"],
  winston: ["log"],
  "winston-transport": ["log"],
  ws: ["worker"],
};

/** Those of them that tests and scripts do not import either. */
export const behindTheirRoom = ["koffi", "sd-notify", "systemd-socket", "winston"];

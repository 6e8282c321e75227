/**
 * Every reason for which something fails, by the room that finds it. Reasons are for programs and stay; docs/reasons.md says what
 * each means. What is thrown has one of them as its `code`.
 */
export const reasons = {
  channel: ["bad-message"],
  cli: [
    "daemon-gone",
    "findings",
    "gave-up-waiting",
    "generation-unknown",
    "journal-failed",
    "no-journal",
    "nobody-listens",
    "not-permitted",
    "not-running",
    "not-stored",
    "processes-left",
    "reexec-failed",
    "too-many",
    "upgrade-failed",
    "upgrade-unknown",
    "usage",
  ],
  config: [
    "config-invalid",
    "config-syntax",
    "config-unknown-key",
    "config-unreadable",
    "mode-invalid",
    "percentage-invalid",
  ],
  control: [
    "aborted",
    "body-too-large",
    "disconnected",
    "generation-invalid",
    "head-too-large",
    "malformed",
    "method-not-allowed",
    "not-found",
    "not-running",
    "other-instance",
    "permission-denied",
    "reply-invalid",
    "socket-foreign",
    "timeout",
    "upgrade-unknown",
    "upgrade-without-id",
  ],
  daemon: [
    "already-running",
    "first-process",
    "no-trial",
    "runtime-dir",
    "stopping",
    "takeover-failed",
    "upgrading",
    "usage",
  ],
  doctor: ["no-such-instance", "release-invalid", "systemd-silent", "usage"],
  lib: ["address-invalid", "duration-invalid", "size-invalid"],
  linux: [
    "address-in-use",
    "address-not-available",
    "bad-address",
    "bad-message",
    "bad-process-group",
    "file-exists",
    "folder-taken",
    "listen-failed",
    "listener-down",
    "mode-refused",
    "permission-denied",
    "queue-full",
    "socket-file-lost",
    "unreachable",
    "unsupported-platform",
    "watcher-closed",
    "write-failed",
  ],
  listeners: ["listener-missing"],
  model: [
    "check-timeout",
    "daemon-fault",
    "drained",
    "effect-failed",
    "hold-exclusive",
    "nothing-before",
    "nothing-to-drain",
    "probation-failed",
    "rejected",
    "rolled-back",
    "snapshot-timeout",
    "stage-exclusive",
    "start-timeout",
    "state-unwritable",
    "stopping",
    "superseded",
    "trial-failed",
    "verify-timeout",
    "worker-exited",
  ],
  "daemon/perform": [
    "check-failed",
    "check-timeout",
    "listener-lost",
    "state-refused",
    "too-many-fds",
    "verify-failed",
  ],
  process: ["command-failed", "command-missing", "notify-socket-failed", "spawn-failed"],
  release: [
    "name-invalid",
    "release-invalid",
    "snapshot-changing",
    "snapshot-dropped",
    "snapshot-failed",
    "snapshot-left",
    "snapshot-no-space",
  ],
  state: ["state-damaged", "state-foreign", "state-newer", "state-unreadable", "state-unwritable"],
  succession: [
    "bad-message",
    "disconnected",
    "out-of-fds",
    "reexec-failed",
    "takeover-foreign",
    "takeover-name",
    "takeover-version",
    "timeout",
  ],
  systemd: ["listen-fds-invalid"],
  worker: [
    "adopt-failed",
    "bad-meta",
    "cannot-adopt",
    "draining",
    "environment-invalid",
    "listener-ambiguous",
    "listener-missing",
    "no-descriptor",
    "parcel-damaged",
    "parcel-newer",
    "restore-failed",
    "save-failed",
    "server-missing",
    "sockets-refused",
    "state-bad",
    "state-damaged",
    "state-late",
    "state-refused",
    "state-too-large",
    "state-twice",
    "state-unreadable",
    "state-unsaved",
    "state-unwritable",
    "tcp-immovable",
    "websocket-immovable",
  ],
} as const;

export type Room = keyof typeof reasons;

export type ReasonOf<R extends Room> = (typeof reasons)[R][number];

/** For which an upgrade or a version fails. */
export type ModelReason = ReasonOf<
  "config" | "daemon/perform" | "linux" | "listeners" | "model" | "process" | "release" | "state"
>;

/** Where the system says no in a way that has no reason of its own: the name of its error, like `EMFILE`. */
export type SystemReason = `E${string}` | `errno ${number}`;

export type Reason = ReasonOf<Room> | SystemReason;

/**
 * For a schema of what another process wrote. One of another version may have reasons that are not known here: they are handed on
 * as they are, and are none of those that anybody asks for.
 */
export function isReason(value: unknown): boolean {
  return typeof value === "string";
}

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { firstOf, stateBase } from "../lib/directories.js";
import { errorCode, type Failure, fail, messageOf, type Result, succeed } from "../lib/failure.js";

const othersMayRead = 0o077;

/** Where holdfast-web keeps its token: that of the system's for root, else that of this user. */
export function webStateFolder(env = process.env, uid = process.geteuid?.() ?? 0): string {
  return firstOf(env["STATE_DIRECTORY"]) ?? `${stateBase({ env, uid })}-web`;
}

/** The token's file, in the folder of holdfast-web's state. */
export function tokenFileIn(folder: string): string {
  return `${folder}/token`;
}

/**
 * What is in a token's file. Fails with `token-unusable` where the file is a link, or somebody else could have read or made it: its owner
 * has to be this process's user, or for root that of the folder.
 */
export function readToken(folder: string): Result<string, Failure<"token-missing" | "token-unusable">> {
  const file = tokenFileIn(folder);
  try {
    const fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const { uid, mode, size } = fstatSync(fd);
      const own = process.geteuid?.();
      if (!fstatSync(fd).isFile() || size > 256) return unusable(file, "it is no token's file");
      if (uid !== own && own !== 0) return unusable(file, `it belongs to user ${uid}`);
      if ((mode & othersMayRead) !== 0) return unusable(file, "others may read it; remove it");
      const token = readFileSync(fd, "utf8").trim();
      return /^[\w-]{32,128}$/.test(token) ? succeed(token) : unusable(file, "it holds no token; remove it");
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (errorCode(error) === "ENOENT") return fail("token-missing", `there is no token: no ${file}`);
    return unusable(file, messageOf(error));
  }
}

/** The token of this user's, which is made where there is none: once, whole, and for nobody else to read. Fails like `readToken`. */
export function ensureToken(folder: string): Result<string, Failure<"token-missing" | "token-unusable">> {
  const found = readToken(folder);
  if (found.ok || found.failure.reason !== "token-missing") return found;
  const file = tokenFileIn(folder);
  const temporary = `${file}.${process.pid}.new`;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    rmSync(temporary, { force: true });
    writeFileSync(temporary, `${randomBytes(32).toString("base64url")}\n`, { flag: "wx", mode: 0o600 });
    try {
      // link(2), unlike rename(2), leaves what another process has made meanwhile.
      linkSync(temporary, file);
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw error;
    } finally {
      rmSync(temporary, { force: true });
    }
  } catch (error) {
    return unusable(file, messageOf(error));
  }
  return readToken(folder);
}

/**
 * The token as `holdfast web-token` prints it. Where there is none, users other than root make their own; root's is for the service to make, as
 * its own user.
 */
export function findToken(): Result<string, Failure<"token-missing" | "token-unusable">> {
  const folder = webStateFolder({});
  if (process.geteuid?.() !== 0) return ensureToken(folder);
  const token = readToken(folder);
  if (token.ok || token.failure.reason !== "token-missing") return token;
  return fail(
    "token-missing",
    `${token.failure.message}; write actions = true below [web] in /etc/holdfast-web.toml, then: systemctl restart holdfast-web.service`,
  );
}

/** In a time that tells nothing of either. */
export function isSameSecret(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

function unusable(file: string, why: string): Result<never, Failure<"token-unusable">> {
  return fail("token-unusable", `cannot use the token in ${file}: ${why}`);
}

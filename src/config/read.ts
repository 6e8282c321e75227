import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { errorCode, type FailureOf, fail, type Result } from "../lib/failure.js";
import type { Config, ConfigDefaults } from "./config.js";
import { parseConfig } from "./parse.js";

const maxBytes = 1024 * 1024;

/** Reads a config file as `parseConfig` does; `config-unreadable` when it cannot be read or is no text. */
export function readConfig(file: string, defaults: ConfigDefaults): Result<Config, FailureOf<"config">> {
  const text = readText(file);
  return text.ok ? parseConfig(text.value, file, defaults) : text;
}

/** Of a file that may be anything. */
export function readText(file: string): Result<string, FailureOf<"config">> {
  let fd: number;
  try {
    // Without O_NONBLOCK a FIFO of that name would stop the daemon until somebody writes to it.
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return refuse(file, explainOpen(error));
  }
  try {
    const status = fstatSync(fd);
    if (status.isDirectory()) return refuse(file, "it is a directory; name the file in it");
    if (!status.isFile()) return refuse(file, "it is not a regular file");
    if (status.size > maxBytes)
      return refuse(file, `it has ${status.size} bytes, and at most ${maxBytes} are read`);
    return { ok: true, value: new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(fd)) };
  } catch (error) {
    if (error instanceof TypeError) return refuse(file, "it is not UTF-8 text; save it as UTF-8");
    return refuse(file, errorCode(error) ?? String(error));
  } finally {
    closeSync(fd);
  }
}

function explainOpen(error: unknown): string {
  const code = errorCode(error);
  if (code === "ENOENT") {
    return 'there is no such file; write one, of which a line like command = ["/usr/bin/gunicorn", "app:app"] is all that is required, or name another with --config FILE';
  }
  if (code === "EACCES") return `user ${process.getuid?.()} may not read it; check its mode and owner`;
  return code ?? String(error);
}

function refuse(file: string, why: string): Result<never, FailureOf<"config">> {
  return fail("config-unreadable", `cannot read config ${file}: ${why}`);
}

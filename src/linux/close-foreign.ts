import { closeFd } from "./fd.js";
import { readOption, SOL_SOCKET, tryOption } from "./socket-calls.js";

const SO_LINGER = 13;
const lingerBytes = 8;

/**
 * Closes an fd that another process has sent, which nobody here needs. A connection with SO_LINGER would hold this process up in close(2)
 * until its peer has acknowledged everything: it is closed without. One that lingers for 0 s is reset at once, and stays so. socket(7).
 */
export function closeForeign(fd: number): void {
  const linger = readOption(fd, SOL_SOCKET, SO_LINGER, lingerBytes);
  if (typeof linger !== "number" && linger.readInt32LE(0) !== 0 && linger.readInt32LE(4) > 0) {
    tryOption(fd, SOL_SOCKET, SO_LINGER, Buffer.alloc(lingerBytes));
  }
  closeFd(fd);
}

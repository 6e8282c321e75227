/**
 * A line of some length, for where the kernel has no netem: delay-proxy.js LISTEN-PORT TO-PORT DELAY-MS. What one side sends, its end and
 * its resets reach the other side so much later. Prints a line when it listens; ends when standard input does.
 */
import net from "node:net";

const [port, to, delayMs] = process.argv.slice(2).map(Number);

function relay(from: net.Socket, other: net.Socket): void {
  const later = (act: () => void): void => {
    setTimeout(act, delayMs);
  };
  from.on("data", (chunk) => later(() => other.write(chunk)));
  from.on("end", () => later(() => other.end()));
  from.on("error", () => later(() => other.resetAndDestroy()));
}

const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
  const far = net.connect({ host: "127.0.0.1", port: to ?? 0, allowHalfOpen: true, noDelay: true });
  relay(near, far);
  relay(far, near);
});
server.listen(port, "127.0.0.1", () => console.log("listens"));
process.stdin.on("end", () => process.exit()).resume();

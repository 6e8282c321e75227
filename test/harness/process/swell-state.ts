import * as v from "valibot";
import { PacketChannel } from "../../../src/channel/packet-channel.js";
import { maxMessageBytes } from "../../../src/linux/message.js";

const saved = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({ type: v.literal("saved"), query: v.number(), entries: v.array(v.unknown()) }),
);

/** Has this process tell of its state in few bytes that stand for many: `1e15` is a number of 16 digits to whoever writes it again. */
export function swellState(): void {
  const { send } = PacketChannel.prototype;
  PacketChannel.prototype.send = function (bytes, fds) {
    const message = v.safeParse(saved, bytes.toString());
    return send.call(this, message.success ? swell(message.output.query) : bytes, fds);
  };
}

function swell(query: number): Buffer {
  const entry = `{"name":"${"x".repeat(120)}","version":1e15,"bytes":1e15,"sha256":"${"0".repeat(64)}"}`;
  const text = `{"type":"saved","query":${query},"failure":null,"entries":[${Array(256).fill(entry).join(",")}]}`;
  const again = JSON.stringify(JSON.parse(text));
  if (text.length > maxMessageBytes || again.length <= maxMessageBytes) throw new Error("it does not swell");
  return Buffer.from(text);
}

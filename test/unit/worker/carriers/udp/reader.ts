// A worker on the UDP socket at fd 3: answers each datagram with itself, keeps its number, and drains when told.
import { createSocket } from "node:dgram";
import { createUdpDrain } from "../../../../../src/worker/carriers/udp/udp-carrier.js";

const socket = createSocket("udp4");
const drain = createUdpDrain(socket);
const numbers: number[] = [];

socket.on("message", (datagram, { port, address }) => {
  numbers.push(datagram.readUInt32LE(0));
  socket.send(datagram, port, address);
});
process.on("message", async () => {
  drain.beginDrain();
  await drain.finish();
  await drain.finish();
  process.send?.({ numbers }, () => process.disconnect());
});
process.on("disconnect", () => process.exit());
socket.bind({ fd: 3 }, () => process.send?.("ready"));

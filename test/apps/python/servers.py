"""The two servers of the app: lines, whose connections move, and a little HTTP for whoever wants to know who answers."""

import json
import os
import socket

from hand_over import Frozen

CHUNK = 65536
GATE_S = 0.02


class Connection:
    """`unread` is input that came and was not used, `unsent` is output that the kernel has not taken."""

    def __init__(self, server, sock, unread=b"", unsent=b""):
        self.server, self.socket = server, sock
        self.unread, self.unsent = bytearray(unread), bytearray(unsent)
        self.lines = 0
        self.read_ended = self.write_ended = self.answering = False
        sock.setblocking(False)

    def start(self):
        loop = self.server.loop
        if not self.read_ended:
            loop.add_reader(self.socket.fileno(), self._read)
        self.flush()

    def stop(self):
        """From here on nobody reads or writes here."""
        self.server.loop.remove_reader(self.socket.fileno())
        self.server.loop.remove_writer(self.socket.fileno())

    def write(self, data):
        self.unsent += data

    def flush(self):
        try:
            del self.unsent[: self.socket.send(self.unsent) if self.unsent else 0]
        except BlockingIOError:
            pass
        except OSError:
            self.close()
            return
        fd = self.socket.fileno()
        if self.unsent:
            self.server.loop.add_writer(fd, self.flush)
            return
        self.server.loop.remove_writer(fd)
        if self.write_ended and not self.read_ended:
            shut_down(self.socket)
        elif self.read_ended and not self.answering:
            self.close()

    def close(self, how="finished"):
        if self in self.server.connections:
            if self.server.draining:
                self.server.counters[how] += 1
            self.stop()
            self.socket.close()
            self.server.connections.remove(self)
            self.server.on_change()

    def _read(self):
        try:
            data = self.socket.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        if data:
            self.unread += data
            self.server.use(self)
        else:
            self.read_ended = True
            self.server.loop.remove_reader(self.socket.fileno())
        self.flush()


class Server:
    """Accepts on a passed socket, and keeps the connections that it has."""

    def __init__(self, loop, listener, sock, app):
        self.loop, self.listener, self.socket, self.app = loop, listener, sock, app
        self.connections = set()
        self.on_change = lambda: None
        self.counters = dict.fromkeys(["accepted", "requests", "moved", "adopted", "finished", "cut"], 0)
        self.draining = False
        sock.setblocking(False)

    def accept(self):
        self.loop.add_reader(self.socket.fileno(), self._accept)

    def stop_accepting(self):
        self.draining = True
        self.loop.remove_reader(self.socket.fileno())
        self.socket.close()

    def add(self, connection):
        self.connections.add(connection)
        connection.start()

    def report(self):
        counters = {"open": len(self.connections), "inFlight": self.in_flight, **self.counters}
        return {"listener": self.listener, "kind": self.kind, "counters": counters}

    def cut(self):
        for connection in list(self.connections):
            connection.close("cut")

    def adopt(self, frozen):
        self.counters["adopted"] += 1
        self.take_back(frozen)

    def _accept(self):
        try:
            sock, _ = self.socket.accept()
        except OSError:
            # Another worker was faster, or the client has gone again.
            return
        self.counters["accepted"] += 1
        self.add(Connection(self, sock))


class LineServer(Server):
    """Answers each line with how many came on this connection, how many in all, the version, and the line."""

    kind = "tcp"
    in_flight = 0

    def use(self, connection):
        while (end := connection.unread.find(b"\n")) >= 0:
            line = bytes(connection.unread[: end + 1])
            del connection.unread[: end + 1]
            connection.lines += 1
            self.app.total += 1
            self.counters["requests"] += 1
            if not connection.write_ended:
                connection.write(f"{connection.lines} {self.app.total} {self.app.version} ".encode() + line)

    def freeze(self, limit):
        frozen = []
        for connection in list(self.connections)[:limit]:
            connection.stop()
            self.connections.remove(connection)
            ended = {"readEnded": connection.read_ended, "writeEnded": connection.write_ended}
            meta = {"saved": {"lines": connection.lines}, **ended}
            frozen.append(Frozen(connection.socket, meta, bytes(connection.unread), bytes(connection.unsent)))
        return frozen

    def take_back(self, frozen):
        connection = Connection(self, frozen.socket, frozen.unread, frozen.unsent)
        connection.lines = int(frozen.meta["saved"]["lines"])
        connection.read_ended = frozen.meta.get("readEnded") is True
        connection.write_ended = frozen.meta.get("writeEnded") is True
        self.use(connection)
        self.add(connection)


class HttpServer(Server):
    """One request a connection. /healthz answers as soon as the file `gate` of the release is not there."""

    kind = "http"

    @property
    def in_flight(self):
        return sum(1 for connection in self.connections if connection.unread)

    def use(self, connection):
        if connection.answering or b"\r\n\r\n" not in connection.unread:
            return
        self.counters["requests"] += 1
        connection.answering = True
        self._answer(connection, connection.unread.split(b" ", 2)[1])

    def _answer(self, connection, path):
        if connection not in self.connections:
            return
        if path == b"/healthz" and os.path.exists("gate"):
            self.loop.call_later(GATE_S, self._answer, connection, path)
            return
        body = json.dumps(self.app.identity()).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        connection.write(head.encode() + body)
        connection.answering = False
        connection.read_ended = True
        self.loop.remove_reader(connection.socket.fileno())
        connection.flush()

    def freeze(self, limit):
        """Those of which not a byte has been read; the others have one request to finish, and end."""
        frozen = []
        for connection in [one for one in self.connections if not one.unread][:limit]:
            connection.stop()
            self.connections.remove(connection)
            frozen.append(Frozen(connection.socket, {"unused": True}))
        return frozen

    def take_back(self, frozen):
        connection = Connection(self, frozen.socket, frozen.unread, frozen.unsent)
        self.use(connection)
        self.add(connection)


def shut_down(sock):
    try:
        sock.shutdown(socket.SHUT_WR)
    except OSError:
        # The client has gone; reading tells.
        pass

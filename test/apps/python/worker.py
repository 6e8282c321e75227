"""
A native worker in Python, without any library: what docs/worker-protocol.md says, and a small app to show it. Its
version is in `version` of its release, and what it can be told to do wrong in further files there.
"""

import asyncio
import os
import signal
import socket
import sys
import time

from channel import Channel, Peer, close_all, pack_state, unpack_state
from hand_over import Receiver, Sender
from servers import Connection, HttpServer, LineServer

PROTOCOL = 1
STATE_VERSION = 1
PATIENCE_S = 10
KINDS = {"http": HttpServer, "lines": LineServer}


class App:
    """What the servers share, and the next worker gets."""

    def __init__(self):
        with open("version", encoding="ascii") as file:
            self.version = file.read().strip()
        self.total = 0

    def identity(self):
        generation = int(os.environ.get("HOLDFAST_GENERATION", 0))
        return {"generation": generation, "version": self.version, "pid": os.getpid()}

    def save(self):
        return {"total": (STATE_VERSION, self.total)}

    def check(self, values):
        """Why these values cannot be taken over; None when they can."""
        version, total = values.get("total", (STATE_VERSION, 0))
        if version != STATE_VERSION:
            return f"version {version} of the state cannot be read"
        if not isinstance(total, int) or os.path.exists("refuse-state"):
            return "the total is refused"
        return None

    def restore(self, values):
        refused = self.check(values)
        if refused is not None:
            print("the state is lost:", refused, file=sys.stderr)
        elif "total" in values:
            self.total = values["total"][1]


class Worker:
    def __init__(self, loop, app, servers, channel_fd):
        self.loop, self.app, self.servers = loop, app, servers
        self.welcomed = self.accepting = False
        self.awaited, self.let_go = None, set()
        self.sender = None
        self.ordered_by_daemon = False
        loop.add_signal_handler(signal.SIGTERM, self.terminate)
        self.link = Channel(loop, channel_fd, self.take, self.lose_daemon)
        self.link.send({"type": "hello", "protocol": PROTOCOL, "library": "python-example"})

    def take(self, message, fds):
        match message["type"]:
            case "welcome":
                # A daemon that took over from one that died may say it again.
                if not self.welcomed:
                    self.welcomed = True
                    if not message["standby"]:
                        self.accept()
                    self.link.send({"type": "ready"})
            case "activate":
                self.awaited = set(message["after"]) - self.let_go
                self.accept_when_alone()
            case "query":
                self.report(message["query"])
            case "save":
                entries, memory = pack_state(self.app.save())
                saved = {"type": "saved", "query": message["query"], "entries": entries, "failure": None}
                self.link.send(saved, [memory])
                close_all([memory])
            case "try":
                self.link.send({"type": "verdict", "query": message["query"], "failure": self.judge(message, fds)})
            case "probe":
                server = next((one for one in self.servers if one.listener == message["listener"]), None)
                if server is not None and len(fds) == 1:
                    server.add(Connection(server, socket.socket(fileno=fds.pop())))
            case "receive" if len(fds) == 1:
                peer = Peer(self.loop, message["from"]["name"], message["from"]["pid"])
                app, fd = self.app, fds.pop()
                hooks = (may_acknowledge, after_received)
                Receiver(self.loop, peer, fd, self.servers, app.restore, self.note_let_go, *hooks)
            case "drain":
                self.drain(message["to"], message["exclusive"], fds)
            case "renew-tickets" | "receive":
                pass
            case other:
                raise ValueError(f"unknown type {other}")

    def lose_daemon(self, why):
        print("lost the daemon:", why, file=sys.stderr)
        # Nobody will ever tell a worker that stands by to accept.
        if not self.accepting and self.awaited is None:
            sys.exit(1)

    def judge(self, message, fds):
        try:
            return self.app.check(unpack_state(message["entries"], fds))
        except ValueError as error:
            return str(error)

    def accept(self):
        if not self.accepting and self.sender is None:
            self.accepting = True
            for server in self.servers:
                server.accept()

    def note_let_go(self, name):
        """A worker before this one has handed over its state, or is gone."""
        self.let_go.add(name)
        self.accept_when_alone()

    def accept_when_alone(self):
        if self.awaited is not None and not self.awaited - self.let_go:
            self.accept()

    def drain(self, to, exclusive, fds):
        # Said again by a daemon after one that died: the first counts.
        if self.sender is not None:
            return
        self.ordered_by_daemon = True
        # Not all of them arrive in a process that is out of fds.
        channel_fds = list(fds) if len(fds) == len(to) else []
        fds[:] = [fd for fd in fds if fd not in channel_fds]
        for server in self.servers:
            server.stop_accepting()
        self.sender = Sender(
            self.loop, channel_fds, self.servers, exclusive, lambda: pack_state(self.app.save()), self.end, before_go
        )
        for server in self.servers:
            server.on_change = self.sender.look

    def terminate(self):
        """The daemon has no peers for this worker, or its patience has ended."""
        self.link.hear()
        # A daemon that has lost this worker cannot know whether its order was read.
        repeated = self.ordered_by_daemon and self.link.closed
        if self.sender is None:
            self.drain([], False, [])
        elif not repeated:
            for server in self.servers:
                server.cut()
        self.ordered_by_daemon = False

    def report(self, query):
        self.link.send({"type": "report", "query": query, "servers": [server.report() for server in self.servers]})

    def end(self):
        self.report(0)
        self.loop.stop()


def before_go(channel):
    """For the tests: the moment at which the peer holds the connections and has not been told to go on."""
    if os.path.exists("die-before-go"):
        os.kill(os.getpid(), signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE_S
    while os.path.exists("wait-for-death") and not channel.is_deserted() and time.monotonic() < deadline:
        time.sleep(0.005)


def may_acknowledge():
    """For the tests: one that holds what it was sent, and says nothing."""
    return not os.path.exists("never-acknowledge")


def after_received():
    """For the tests: the old worker has been told that it may let go."""
    if os.path.exists("die-after-received"):
        os.kill(os.getpid(), signal.SIGKILL)


def take_listeners():
    """The passed sockets by name, and the number of the channel; ends the process where no daemon speaks the protocol."""
    count = int(os.environ.pop("LISTEN_FDS", 0))
    names = os.environ.pop("LISTEN_FDNAMES", "").split(":")
    for_this_process = os.environ.pop("LISTEN_PID", None) == str(os.getpid())
    channel_fd = int(os.environ.pop("HOLDFAST_CHANNEL", -1))
    if not for_this_process or channel_fd != 3 + count:
        sys.exit("start this with holdfastd")
    for fd in range(3, 3 + count + 1):
        os.set_inheritable(fd, False)
    return {name: socket.socket(fileno=3 + index) for index, name in enumerate(names)}, channel_fd


def main():
    sockets, channel_fd = take_listeners()
    loop = asyncio.new_event_loop()
    app = App()
    servers = [KINDS[name](loop, name, sock, app) for name, sock in sockets.items()]
    worker = Worker(loop, app, servers, channel_fd)
    loop.run_forever()
    worker.link.close()


main()

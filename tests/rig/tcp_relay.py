"""A wire between ntsboxd and gpsd that can be bad: it drips, stalls, babbles, or is cut."""

import selectors
import socket
import threading
import time


class Relay:
    """Forwards each connection at `port` to `target`, both on loopback, as its `mood` says."""

    def __init__(self, port, target):
        self.target = target
        self.mood = "good"
        self.injected = b""
        self.pairs = []
        self.ended = False
        self.listener = socket.create_server(("127.0.0.1", port))
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def close(self):
        self.ended = True
        self.thread.join()
        self.listener.close()
        self.cut()

    def cut(self):
        """Both ends are told at once."""
        pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for end in pair:
                end.close()

    def babble(self, data):
        """These bytes come from gpsd, so ntsboxd thinks."""
        self.injected = data

    def run(self):
        while not self.ended:
            with selectors.DefaultSelector() as ready:
                ready.register(self.listener, selectors.EVENT_READ, None)
                for near, far in self.pairs:
                    ready.register(near, selectors.EVENT_READ, (near, far))
                    ready.register(far, selectors.EVENT_READ, (far, near))
                events = ready.select(0.05) if self.mood != "half-open" else []
            if self.mood == "half-open":  # neither a byte nor an end comes through
                time.sleep(0.05)
                continue
            for key, _ in events:
                if key.data is None:
                    self.accept()
                else:
                    self.forward(*key.data)
            if self.injected:
                data, self.injected = self.injected, b""
                for near, _ in self.pairs:
                    near.sendall(data)

    def accept(self):
        near, _ = self.listener.accept()
        try:
            self.pairs.append((near, socket.create_connection(("127.0.0.1", self.target))))
        except OSError:
            near.close()

    def forward(self, source, sink):
        try:
            data = source.recv(65536)
            if self.mood == "dripping":  # 20 bytes a millisecond, as a slow serial line would
                for at in range(0, len(data), 20):
                    sink.sendall(data[at:at + 20])
                    time.sleep(0.001)
            elif data:
                sink.sendall(data)
        except OSError:
            data = b""
        if not data:
            for pair in [pair for pair in self.pairs if source in pair]:
                self.pairs.remove(pair)
                for end in pair:
                    end.close()

"""A web server that keeps to no rule: each path has a script that gets the bare connection. With and without TLS, HTTP/2 too."""
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading

try:
    import h2.connection
except ImportError:
    # an interpreter of one's own does not look where Debian puts modules
    sys.path.append("/usr/lib/python3/dist-packages")
    try:
        import h2.connection
    except ImportError:
        print("skipped: python3-h2 is not installed")
        sys.exit(77)
import h2.config
import h2.events

CHUNK = 65536


def send_slowly(conn, data, stop, pause=0.2):
    """A byte at a time until the other side or the test has enough."""
    for i in range(len(data)):
        conn.sendall(data[i:i + 1])
        if stop.wait(pause):
            return


def send_forever(conn, data):
    while True:
        conn.sendall(data)


def reset(conn):
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    conn.close()


def make_certificate(folder, name, hosts="DNS:localhost,IP:127.0.0.1"):
    """A certificate that vouches for itself, and its key, in one file."""
    path = os.path.join(folder, name + ".pem")
    key = path + ".key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                    f"/CN={name}", "-addext", f"subjectAltName={hosts}", "-keyout", key, "-out", path], check=True, capture_output=True)
    return path


class BadWeb:
    """serve(path, script): script(conn, head, web) writes what it likes; its end closes the connection. `certificate`: speaks TLS, and HTTP/2
    by the script `h2_script` (conn of h2, stream, path) when `alpn` says so. `requests`: first lines and heads; `connections`: how many;
    `protocols`: what TLS agreed on."""

    def __init__(self, certificate=None, alpn=("http/1.1",), streams=100):
        self.scripts = {}
        self.requests = []
        self.protocols = []
        self.connections = 0
        self.streams = streams
        self.stop = threading.Event()
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate, certificate + ".key")
            self.context.set_alpn_protocols(list(alpn))
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        scheme = "https" if certificate else "http"
        self.base = f"{scheme}://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def serve(self, path, script):
        self.scripts[path] = script

    def _accept(self):
        while True:
            try:
                conn, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(conn,), daemon=True).start()

    def _talk(self, conn):
        spoken = None
        try:
            if self.context:
                conn = self.context.wrap_socket(conn, server_side=True)
                spoken = conn.selected_alpn_protocol()
                self.protocols.append(spoken)
            if spoken == "h2":
                self._talk_h2(conn)
            else:
                self._talk_1(conn)
        except (OSError, ValueError, h2.exceptions.ProtocolError):
            pass  # whoever is tormented hangs up
        finally:
            conn.close()

    def _talk_1(self, conn):
        """Until a script is no answer to go on after: those return True."""
        again = True
        while again:
            head = b""
            while b"\r\n\r\n" not in head:
                data = conn.recv(CHUNK)
                if not data:
                    return
                head += data
            head = head.decode("latin-1")
            self.requests.append(head)
            again = self.scripts[head.split(" ")[1]](conn, head, self)

    def _talk_h2(self, conn):
        talk = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        talk.local_settings.max_concurrent_streams = self.streams
        talk.initiate_connection()
        conn.sendall(talk.data_to_send())
        while True:
            data = conn.recv(CHUNK)
            if not data:
                return
            for event in talk.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    headers = {k.decode() if isinstance(k, bytes) else k: v.decode() if isinstance(v, bytes) else v for k, v in event.headers}
                    self.requests.append(headers)
                    self.scripts[headers[":path"]](talk, event.stream_id, self)
            conn.sendall(talk.data_to_send())
            while talk.state_machine.state == h2.connection.ConnectionState.CLOSED:
                if not conn.recv(CHUNK):  # closed with something unread, the answer would be lost on its way
                    return

    def close(self):
        self.stop.set()
        self.listener.close()


def answer(body, head="HTTP/1.1 200 OK", headers=""):
    """A script that answers as one should, and goes on."""
    data = body if isinstance(body, bytes) else body.encode()
    text = f"{head}\r\nContent-Length: {len(data)}\r\n{headers}\r\n".encode() + data

    def script(conn, _, __):
        conn.sendall(text)
        return True
    return script


def raw(*parts):
    """A script that sends these bytes and hangs up."""
    def script(conn, _, __):
        for part in parts:
            conn.sendall(part)
    return script


def h2_answer(body, status="200", headers=()):
    def script(talk, stream, _):
        talk.send_headers(stream, [(":status", status), ("content-length", str(len(body))), *headers])
        talk.send_data(stream, body.encode(), end_stream=True)
    return script

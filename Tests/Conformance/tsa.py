#!/usr/bin/python3
"""A time stamping authority (RFC 3161) for tests: each answer is made by `openssl ts`, and spoiled if its path says so.

serve FOLDER makes the certificates there, and prints one line of JSON with the port of this machine that it answers on.
"""

import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile

POLICY = "1.2.3.4.1"
CONFIG = """
[ca]
database = {folder}/index.txt
new_certs_dir = {folder}
serial = {folder}/ca.serial
default_md = sha256
policy = any
[any]
commonName = supplied
[roots]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[stamps]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
[mails]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, emailProtection
subjectKeyIdentifier = hash
[tsa]
serial = {folder}/tsa.serial
signer_digest = {digest}
default_policy = {policy}
other_policies = 1.2.3.4.2
digests = sha256
accuracy = secs:1, millisecs:500, microsecs:250
clock_precision_digits = 3
ess_cert_id_alg = sha256
"""
# Name of the certificate, its authority, extensions and dates.
CERTIFICATES = [
    ("tsa", "ca", "stamps", "20200101000000Z", "20400101000000Z"),
    ("other-tsa", "other-ca", "stamps", "20200101000000Z", "20400101000000Z"),
    ("mail", "ca", "mails", "20200101000000Z", "20400101000000Z"),
    ("expired", "ca", "stamps", "20200101000000Z", "20210101000000Z"),
]


def run(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(map(str, arguments))}: {done.stderr.decode()}")
    return done.stdout


class Authority:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "index.txt").touch()
        (self.folder / "index.txt.attr").write_text("unique_subject = no\n")
        (self.folder / "tsa.serial").write_text("01\n")
        self.configure("config", "sha256")
        self.configure("config-sha1", "sha1")
        for name in ["ca", "other-ca"]:
            self.make_root(name)
        for certificate in CERTIFICATES:
            self.make(*certificate)

    def path(self, name):
        return str(self.folder / name)

    def configure(self, name, digest):
        (self.folder / name).write_text(CONFIG.format(folder=self.folder, digest=digest, policy=POLICY))

    def key(self, name):
        run("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", self.path(name + ".key"))

    def make_root(self, name):
        self.key(name)
        # Valid from long ago, so that a certificate of then has a chain.
        self.sign(name, ["-selfsign"], name, "roots", "20190101000000Z", "20450101000000Z")

    def make(self, name, authority, extensions, start, end):
        self.key(name)
        self.sign(name, ["-cert", self.path(authority + ".pem")], authority, extensions, start, end)

    def sign(self, name, by, authority, extensions, start, end):
        asked = self.path(name + ".csr")
        run("req", "-new", "-key", self.path(name + ".key"), "-subj", "/CN=Test " + name, "-out", asked)
        run(
            "ca", "-batch", "-config", self.path("config"), "-name", "ca", "-rand_serial", "-in", asked, *by,
            "-keyfile", self.path(authority + ".key"), "-extensions", extensions, "-startdate", start, "-enddate", end,
            "-notext", "-out", self.path(name + ".pem"))

    def reply(self, query, signer="tsa", config="config"):
        with tempfile.TemporaryDirectory() as folder:
            asked, answer = folder + "/query", folder + "/answer"
            pathlib.Path(asked).write_bytes(query)
            run(
                "ts", "-reply", "-config", self.path(config), "-section", "tsa", "-queryfile", asked, "-signer",
                self.path(signer + ".pem"), "-inkey", self.path(signer + ".key"), "-out", answer)
            return pathlib.Path(answer).read_bytes()

    def query(self, imprint, *more):
        return run("ts", "-query", "-digest", imprint.hex(), "-sha256", "-cert", *more)

    def signed_anew(self, query, signer, time=None):
        """A granted answer whose content was signed as CMS, by a certificate with which `openssl ts` signs nothing."""
        with tempfile.TemporaryDirectory() as folder:
            answer, token, content = folder + "/answer", folder + "/token", folder + "/content"
            pathlib.Path(answer).write_bytes(self.reply(query))
            run("ts", "-reply", "-in", answer, "-token_out", "-out", token)
            run("cms", "-verify", "-noverify", "-inform", "DER", "-in", token, "-out", content)
            said = pathlib.Path(content).read_bytes()
            if time is not None:
                said = replaced_time(said, time)
                pathlib.Path(content).write_bytes(said)
            run(
                "cms", "-sign", "-binary", "-nodetach", "-cades", "-md", "sha256", "-econtent_type",
                "1.2.840.113549.1.9.16.1.4", "-in", content, "-signer", self.path(signer + ".pem"), "-inkey",
                self.path(signer + ".key"), "-outform", "DER", "-out", token)
            return sequence(bytes.fromhex("3003020100") + pathlib.Path(token).read_bytes())


def sequence(content):
    length = len(content)
    size = (length.bit_length() + 7) // 8
    return bytes([0x30, 0x80 | size]) + length.to_bytes(size, "big") + content


def replaced_time(content, time):
    """The TSTInfo with another genTime of the same length."""
    place = content.index(b"\x18", content.index(b"\x04\x20") + 34)
    length = content[place + 1]
    text = (time + "." + "1" * (length - len(time) - 2) + "Z").encode()
    return content[: place + 2] + text + content[place + 2 + length:]


def imprint_of(query):
    place = query.index(b"\x04\x20") + 2
    return query[place : place + 32]


class Handler(http.server.BaseHTTPRequestHandler):
    authority = None
    asked = 0

    def do_POST(self):
        Handler.asked += 1
        query = self.rfile.read(int(self.headers.get("content-length", 0)))
        kind, _, argument = self.path.strip("/").partition("/")
        if self.headers.get("content-type") != "application/timestamp-query":
            return self.answer(415, b"")
        if kind == "silent":
            return self.connection.recv(1)
        if kind == "error":
            return self.answer(500, b"no time today")
        if kind == "redirect":
            return self.answer(302, b"", location="/granted")
        if kind == "down" and os.path.exists(self.authority.path("down")):
            return self.answer(503, b"")
        self.answer(200, self.reply(kind, argument, query))

    def reply(self, kind, argument, query):
        authority = self.authority
        imprint = imprint_of(query)
        if kind in ["granted", "down"]:
            return authority.reply(query)
        if kind == "modified":
            return authority.reply(query).replace(b"\x02\x01\x00", b"\x02\x01\x01", 1)
        if kind == "truncated":
            return authority.reply(query)[:-1]
        if kind == "longer":
            return authority.reply(query) + b"\x00"
        if kind == "size":
            return bytes(int(argument))
        if kind == "changed":
            reply = authority.reply(query)
            return reply[:-1] + bytes([reply[-1] ^ 1])
        if kind == "other-nonce":
            return authority.reply(authority.query(imprint))
        if kind == "no-nonce":
            return authority.reply(authority.query(imprint, "-no_nonce"))
        if kind == "other-imprint":
            return authority.reply(authority.query(bytes(32)))
        if kind == "other-policy":
            return authority.reply(authority.query(imprint, "-tspolicy", "1.2.3.4.2"))
        if kind == "rejected":
            return authority.reply(authority.query(imprint, "-tspolicy", "1.2.3.4.9"))
        if kind == "other-authority":
            return authority.reply(query, signer="other-tsa")
        if kind == "weak":
            return authority.reply(query, config="config-sha1")
        if kind == "expired":
            return authority.reply(query, signer="expired")
        if kind == "purpose":
            return authority.signed_anew(query, "mail")
        if kind == "past":
            return authority.signed_anew(query, "expired", "20200601120000")
        return b"what?"

    def do_GET(self):
        self.answer(200, str(Handler.asked).encode())

    def answer(self, status, body, location=None):
        self.send_response(status)
        self.send_header("content-type", "application/timestamp-reply")
        self.send_header("content-length", str(len(body)))
        if location:
            self.send_header("location", location)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    if len(sys.argv) != 3 or sys.argv[1] != "serve":
        sys.exit(__doc__)
    Handler.authority = Authority(sys.argv[2])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(json.dumps({"port": server.server_address[1]}), flush=True)
    server.serve_forever()


main()

#!/usr/bin/python3
"""A C2SP client, log, mirror and witness, written from the specifications alone and sharing nothing with Custody.

It reads a tiled log and checks all of it, pushes a log of its own to a mirror, serves that log, and is a mirror and a
witness for other logs: signed-note, tlog-checkpoint, tlog-cosignature, tlog-tiles, tlog-witness, tlog-mirror,
tlog-policy and tlog-proof. It needs python3 and python3-cryptography. Each command prints JSON; status 0 means that all
held.
"""

import argparse
import base64
import gzip
import hashlib
import http.client
import http.server
import json
import ssl
import struct
import sys
import threading
import time
import urllib.parse

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ED25519, COSIGNATURE = 1, 4


class Wrong(Exception):
    """Something is not as the specifications say."""


def require(holds, what):
    if not holds:
        raise Wrong(what)


# RFC 6962, section 2.1


def leaf(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def split(count):
    """The largest power of two below count."""
    return 1 << (count - 1).bit_length() - 1


def root(leaves):
    """MTH, by its definition."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node(root(leaves[:k]), root(leaves[k:]))


def subtree_proof(start, end, leaves, known=True):
    """SUBTREE_SUBPROOF of draft-ietf-plants-merkle-tree-certs; with start 0 it is RFC 6962's consistency proof."""
    if start == 0 and end == len(leaves):
        return [] if known else [root(leaves)]
    k = split(len(leaves))
    if end <= k:
        return subtree_proof(start, end, leaves[:k], known) + [root(leaves[k:])]
    if k <= start:
        return subtree_proof(start - k, end - k, leaves[k:], known) + [root(leaves[:k])]
    return subtree_proof(0, end - k, leaves[k:], False) + [root(leaves[:k])]


def climb(start, end, size, subtree, proof, known=True):
    """What the proof makes of the subtree and of the whole tree."""
    if start == 0 and end == size:
        if known:
            return subtree, subtree
        require(proof, "a proof is too short")
        last = proof.pop()
        return last, last
    require(proof, "a proof is too short")
    last = proof.pop()
    k = split(size)
    if end <= k:
        part, tree = climb(start, end, k, subtree, proof, known)
        return part, node(tree, last)
    if k <= start:
        part, tree = climb(start - k, end - k, size - k, subtree, proof, known)
        return part, node(last, tree)
    part, tree = climb(0, end - k, size - k, subtree, proof, False)
    return node(last, part), node(last, tree)


def holds(start, end, size, subtree, proof, tree):
    """Whether a proof places a subtree in a tree."""
    if not 0 <= start < end <= size:
        return False
    rest = list(proof)
    try:
        return climb(start, end, size, subtree, rest) == (subtree, tree) and not rest
    except Wrong:
        return False


def consistent(old, old_root, new, new_root, proof):
    if old == 0:
        return not proof and old_root == root([])
    return holds(0, old, new, old_root, proof, new_root)


# signed-note, tlog-checkpoint, tlog-cosignature


class Key:
    """A verifier key: name+hex8+base64."""

    def __init__(self, name, kind, public):
        self.name, self.kind, self.public = name, kind, public
        self.id = hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]

    @classmethod
    def parse(cls, vkey):
        name, identifier, blob = vkey.split("+", 2)
        blob = base64.b64decode(blob, validate=True)
        key = cls(name, blob[0], blob[1:])
        require(key.kind in (ED25519, COSIGNATURE) and len(key.public) == 32, "the key is of no known kind")
        require(key.id.hex() == identifier, "the key id does not fit the key")
        return key

    @property
    def vkey(self):
        blob = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{blob}"

    def verify(self, signature, text):
        """The time of a cosignature, else 0."""
        public = Ed25519PublicKey.from_public_bytes(self.public)
        moment = 0
        try:
            if self.kind == ED25519:
                public.verify(signature, text)
            else:
                require(len(signature) == 72, "a cosignature has 72 bytes")
                moment = struct.unpack(">Q", signature[:8])[0]
                require(moment < 1 << 63, "a cosignature's time is too large")
                public.verify(signature[8:], b"cosignature/v1\ntime %d\n" % moment + text)
        except InvalidSignature:
            raise Wrong(f"a signature of {self.name} is wrong")
        return moment


class Signer:
    def __init__(self, name, kind, seed):
        self.secret = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed.encode()).digest())
        public = self.secret.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.key = Key(name, kind, public)

    def line(self, text):
        if self.key.kind == ED25519:
            signature = self.secret.sign(text)
        else:
            moment = int(time.time())
            signature = struct.pack(">Q", moment) + self.secret.sign(b"cosignature/v1\ntime %d\n" % moment + text)
        blob = base64.b64encode(self.key.id + signature).decode()
        return f"\u2014 {self.key.name} {blob}\n"


class Note:
    def __init__(self, data):
        require(data.endswith(b"\n"), "a note ends with a newline")
        require(all(byte >= 0x20 or byte == 0x0A for byte in data), "a note has control characters")
        end = data.rfind(b"\n\n")
        require(end >= 0, "a note has an empty line before its signatures")
        self.data, self.text = data, data[: end + 1]
        self.signatures = []
        for line in data[end + 2 :].decode().split("\n")[:-1]:
            dash, name, blob = line.split(" ")
            require(dash == "\u2014", "a signature line begins with a dash")
            blob = base64.b64decode(blob, validate=True)
            self.signatures.append((name, blob[:4], blob[4:], line + "\n"))
        require(self.signatures, "a note has a signature")

    def signed(self, key):
        """The time of the key's signature; None if there is none. A wrong one is an error."""
        moment = None
        for name, identifier, signature, _ in self.signatures:
            if (name, identifier) == (key.name, key.id):
                moment = key.verify(signature, self.text)
        return moment

    def lines(self, key):
        return "".join(line for name, identifier, _, line in self.signatures if (name, identifier) == (key.name, key.id))


class Checkpoint:
    def __init__(self, text):
        lines = text.decode().split("\n")
        require(len(lines) >= 4 and lines[-1] == "" and all(lines[:-1]), "a checkpoint has three lines")
        require(lines[1] == str(int(lines[1])), "a size is a decimal number")
        self.origin, self.size, self.root = lines[0], int(lines[1]), base64.b64decode(lines[2], validate=True)

    @staticmethod
    def text(origin, size, tree):
        return f"{origin}\n{size}\n{base64.b64encode(tree).decode()}\n".encode()

    @classmethod
    def open(cls, note, key):
        require(note.signed(key) is not None, f"the checkpoint is not signed by {key.name}")
        checkpoint = cls(note.text)
        require(checkpoint.origin == key.name, "the checkpoint is of another log")
        return checkpoint


# tlog-policy, tlog-proof


class Policy:
    def __init__(self, text):
        self.logs, self.groups, self.quorum = [], {"none": (0, [])}, None
        self.witnesses = {}
        for line in text.split("\n"):
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            if words[0] == "log":
                self.logs.append(Key.parse(words[1]))
            elif words[0] == "witness":
                self.witnesses[words[1]] = Key.parse(words[2])
            elif words[0] == "group":
                members = words[3:]
                known = [name in self.witnesses or name in self.groups for name in members]
                require(members and all(known), "a group names what comes before it")
                count = {"all": len(members), "any": 1}.get(words[2]) or int(words[2])
                self.groups[words[1]] = (count, members)
            elif words[0] == "quorum":
                require(self.quorum is None, "a policy has one quorum")
                self.quorum = words[1]
            else:
                raise Wrong(f"a policy has no line {words[0]}")
        require(self.quorum is not None, "a policy has a quorum")

    def log(self, origin):
        found = [key for key in self.logs if key.name == origin]
        require(found, f"the policy does not know {origin}")
        return found[0]

    def cosigners(self, note):
        return {name for name, key in self.witnesses.items() if note.signed(key) is not None}

    def met(self, note):
        have = self.cosigners(note)

        def witnessed(name):
            if name in self.witnesses:
                return name in have
            count, members = self.groups[name]
            return sum(witnessed(member) for member in members) >= count

        return witnessed(self.quorum)


def check_proof(data, entry, policy):
    head, note = data.split(b"\n\n", 1)
    lines = head.decode().split("\n")
    require(lines.pop(0) == "c2sp.org/tlog-proof@v1", "the proof's first line is not right")
    if lines and lines[0].startswith("extra "):
        base64.b64decode(lines.pop(0)[6:], validate=True)
    require(lines and lines[0].startswith("index "), "the proof has an index")
    index = int(lines.pop(0)[6:])
    hashes = [base64.b64decode(line, validate=True) for line in lines]
    note = Note(note)
    checkpoint = Checkpoint.open(note, policy.log(Checkpoint(note.text).origin))
    included = holds(index, index + 1, checkpoint.size, leaf(entry), hashes, checkpoint.root)
    require(included, "the entry is not in the log")
    return {"origin": checkpoint.origin, "index": index, "confirmed": policy.met(note)}


# tlog-tiles


def tile_path(level, index, width):
    groups = [f"{index % 1000:03d}"]
    while index >= 1000:
        index //= 1000
        groups.insert(0, f"x{index % 1000:03d}")
    return f"/tile/{level}/{'/'.join(groups)}" + (f".p/{width}" if width < 256 else "")


def bundle(entries):
    return b"".join(struct.pack(">H", len(entry)) + entry for entry in entries)


def unbundle(data):
    entries, place = [], 0
    while place < len(data):
        size = struct.unpack_from(">H", data, place)[0]
        require(place + 2 + size <= len(data), "an entry bundle is cut off")
        entries.append(data[place + 2 : place + 2 + size])
        place += 2 + size
    return entries


class Caller:
    """HTTP to one prefix, with TLS and a client certificate where they are given."""

    def __init__(self, options):
        url = urllib.parse.urlsplit(options.url)
        self.prefix = url.path.rstrip("/")
        if url.scheme == "https":
            context = ssl.create_default_context(cafile=options.authority)
            context.minimum_version = ssl.TLSVersion.TLSv1_3
            if options.certificate:
                context.load_cert_chain(options.certificate, options.certificate_key)
            self.connection = http.client.HTTPSConnection(url.hostname, url.port, timeout=30, context=context)
        else:
            self.connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)

    def send(self, method, path, body=None, **headers):
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, self.prefix + path, body=body, headers=fields)
        answer = self.connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def file(self, path, kind, cached, entries=False):
        status, headers, body = self.send("GET", path, accept_encoding="gzip, identity")
        require(status == 200, f"{path} is answered with {status}")
        require(headers["content-type"] == kind, f"{path} is of type {headers['content-type']}")
        control = headers["cache-control"] or ""
        ages = [int(part.split("=")[1]) for part in control.split(",") if part.strip().startswith("max-age=")]
        if cached:
            require(ages and ages[0] >= 86400, f"{path} may be kept, and its cache-control is {control}")
        else:
            short = "no-cache" in control or "no-store" in control or (ages and ages[0] <= 10)
            require(short, f"{path} may not be kept, and its cache-control is {control}")
        if headers["content-encoding"] == "gzip":
            body = gzip.decompress(body)
        elif entries:
            raise Wrong("entry bundles should be compressed")
        return body


def read_log(caller, key, prefix=""):
    """All of a log, checked: its head and entries."""
    note = Note(caller.file(prefix + "/checkpoint", "text/plain; charset=utf-8", False))
    head = Checkpoint.open(note, key)
    octets = "application/octet-stream"
    row, level, leaves = None, 0, []
    while head.size >> 8 * level > 0:
        count, hashes = head.size >> 8 * level, []
        for index in range((count + 255) // 256):
            width = min(256, count - index * 256)
            data = caller.file(prefix + tile_path(level, index, width), octets, True)
            require(len(data) == 32 * width, "a tile has another width than its path")
            hashes += [data[place : place + 32] for place in range(0, len(data), 32)]
        if row is None:
            leaves = hashes
        else:
            full = [root(row[place : place + 256]) for place in range(0, len(row) // 256 * 256, 256)]
            require(hashes == full, f"tiles of level {level} are not those of the level below")
        row, level = hashes, level + 1
    require(root(leaves) == head.root, "the tiles do not make the root that was signed")
    entries = []
    for index in range((head.size + 255) // 256):
        width = min(256, head.size - index * 256)
        found = unbundle(caller.file(prefix + tile_path("entries", index, width), octets, True, entries=True))
        require(len(found) == width, "an entry bundle has another width than its path")
        entries += found
    require([leaf(entry) for entry in entries] == leaves, "the entries are not those of the tree")
    for path in (tile_path(0, head.size // 256 + 1, 256), tile_path("entries", 1 << 40, 1), "/tile/0/0", "/tile/64/000"):
        require(caller.send("GET", prefix + path)[0] == 404, f"{path} is not there and not answered with 404")
    return note, head, entries


# A log of its own


class Log:
    """A log whose entries are any bytes, also none and as many as there may be."""

    def __init__(self, origin, seed, count, branch=None, spoilt=None):
        """branch: from which entry on it says something else; spoilt: which entry it serves otherwise than it is."""
        self.signer = Signer(origin, ED25519, seed)
        self.origin, self.spoilt = origin, spoilt
        other = range(count) if branch is None else range(branch)
        self.entries = [self.entry(seed if each in other else seed + "!", each) for each in range(count)]
        self.leaves = [leaf(entry) for entry in self.entries]

    @classmethod
    def of(cls, entries):
        log = cls("", "", 0)
        log.entries, log.leaves = entries, [leaf(entry) for entry in entries]
        return log

    @staticmethod
    def entry(seed, number):
        if number == 1:
            return b""
        if number == 2:
            return bytes(65535)
        return hashlib.sha512(f"{seed} {number}".encode()).digest() * (1 + number % 3)

    def checkpoint(self, size, tree=None):
        text = Checkpoint.text(self.origin, size, tree or root(self.leaves[:size]))
        return text + b"\n" + self.signer.line(text).encode()

    def add_checkpoint(self, old, size, tree=None):
        proof = subtree_proof(0, old, self.leaves[:size]) if 0 < old < size else []
        lines = [f"old {old}"] + [base64.b64encode(one).decode() for one in proof]
        return ("\n".join(lines) + "\n\n").encode() + self.checkpoint(size, tree)

    def packages(self, start, end):
        found = []
        while start < end:
            rounded = start // 256 * 256
            stop = min(end, rounded + 256)
            proof = subtree_proof(rounded, stop, self.leaves[:end])
            found.append(bundle(self.entries[start:stop]) + bytes([len(proof)]) + b"".join(proof))
            start = stop
        return found

    def header(self, start, end, ticket=b""):
        origin = self.origin.encode()
        return (
            struct.pack(">H", len(origin)) + origin + struct.pack(">QQH", start, end, len(ticket)) + ticket
        )

    def file(self, path):
        """What the log serves at a path, with its type; None for what is not there."""
        if path == "/checkpoint":
            return self.checkpoint(len(self.entries)), "text/plain; charset=utf-8"
        size = len(self.entries)
        for level in range(8):
            count, width = size >> 8 * level, 256**level
            for index in range((count + 255) // 256):
                for part in range(1, min(256, count - index * 256) + 1):
                    if path == tile_path(level, index, part):
                        places = range(index * 256 * width, (index * 256 + part) * width, width)
                        hashes = [root(self.leaves[place : place + width]) for place in places]
                        return b"".join(hashes), "application/octet-stream"
                    if level == 0 and path == tile_path("entries", index, part):
                        places = range(index * 256, index * 256 + part)
                        shown = [b"spoilt" if each == self.spoilt else self.entries[each] for each in places]
                        return bundle(shown), "application/octet-stream"
        return None


def info(headers, body):
    require(headers["content-type"] == "text/x.tlog.mirror-info", "the answer says where the mirror stands")
    size, following, ticket, rest = body.decode().split("\n")
    require(rest == "", "three lines say where the mirror stands")
    return int(size), int(following), base64.b64decode(ticket, validate=True)


def push(caller, log, mirror):
    """Pushes the log to a mirror, by fits and starts, and reads it back."""
    size, first = len(log.entries), 100
    octets = {"content_type": "application/octet-stream"}

    def add_checkpoint(body):
        return caller.send("POST", "/add-checkpoint", body)

    stranger = Log("example.org/nobody", "nobody", 3)
    require(add_checkpoint(stranger.add_checkpoint(0, 3))[0] == 404, "an unknown log is answered with 404")
    forger = Log(log.origin, "forger", 3)
    require(add_checkpoint(forger.add_checkpoint(0, 3))[0] == 403, "another key's checkpoint is answered with 403")
    require(add_checkpoint(b"old 00\n\n" + log.checkpoint(3))[0] == 400, "no number is answered with 400")
    require(add_checkpoint(log.add_checkpoint(9, 3)[:6] + b"\n" + log.checkpoint(3))[0] == 400, "a larger old size: 400")
    require(add_checkpoint(log.add_checkpoint(0, first))[0] == 200, "the first checkpoint is answered with 200")
    status, headers, body = add_checkpoint(log.add_checkpoint(first - 1, size))
    require((status, body) == (409, b"%d\n" % first), "another old size is answered with 409 and the right one")
    require(headers["content-type"] == "text/x.tlog.size", "the size has its own type")
    lines = log.add_checkpoint(first, size).split(b"\n")
    require(add_checkpoint(b"\n".join(lines[:1] + lines[2:]))[0] == 422, "a proof that does not hold: 422")
    require(add_checkpoint(log.add_checkpoint(first, size))[0] == 200, "the whole log's checkpoint: 200")

    status, headers, body = caller.send("POST", "/add-entries", log.header(0, 0), **octets)
    require((status, info(headers, body)[:2]) == (409, (size, 0)), "an empty upload says where the mirror stands")
    require("gzip" in (headers["accept-encoding"] or ""), "a mirror says that it takes gzip")
    packages = log.packages(0, size)
    upload = log.header(0, size) + packages[0] + packages[1][:-1]
    status, headers, body = caller.send("POST", "/add-entries", upload, **octets)
    require(status == 202, f"a torn upload is answered with 202 and not {status}")
    end, following, ticket = info(headers, body)
    require((end, following) == (size, 256), "the whole package counts, the torn one does not")
    spoiled = bytearray(log.header(following, size, ticket) + b"".join(log.packages(following, size)))
    spoiled[-100] ^= 1
    status, _, _ = caller.send("POST", "/add-entries", bytes(spoiled), **octets)
    require(status == 422, f"a changed upload is answered with 422 and not {status}")
    status, headers, body = caller.send("POST", "/add-entries", log.header(0, 0), **octets)
    _, following, ticket = info(headers, body)
    rest = gzip.compress(log.header(following, size, ticket) + b"".join(log.packages(following, size)))
    status, _, body = caller.send("POST", "/add-entries", rest, content_encoding="gzip", **octets)
    require(status == 200, f"the rest is answered with 200 and not {status}: {body!r}")
    text = Checkpoint.text(log.origin, size, root(log.leaves))
    require(Note(text + b"\n" + body).signed(mirror) is not None, "the mirror cosigns what it has stored")

    prefix = "/" + hashlib.sha256(log.origin.encode()).hexdigest()
    note, head, entries = read_log(caller, log.signer.key, prefix)
    require(entries == log.entries, "the mirror serves what it was sent")
    require(note.signed(mirror) is not None, "the mirror's checkpoint carries its cosignature")
    status, headers, body = add_checkpoint(log.add_checkpoint(size, size, tree=leaf(b"another")))
    require((status, body) == (409, b"%d\n" % size), "another root of one size is answered with 409")
    return {"origin": log.origin, "size": head.size}


# A mirror and a witness


class Cosigned:
    """One log as a mirror or witness knows it."""

    def __init__(self, key):
        self.key, self.size, self.tree = key, 0, root([])
        self.pending, self.entries, self.head = {}, [], None


class Cosigner:
    def __init__(self, name, keys, keeps):
        self.signer, self.keeps = Signer(name, COSIGNATURE, name), keeps
        self.logs = {key.name: Cosigned(key) for key in keys}
        self.lock = threading.Lock()

    def add_checkpoint(self, body):
        head, data = body.split(b"\n\n", 1)
        lines = head.decode().split("\n")
        require(lines[0].startswith("old ") and len(lines) <= 64, "the body is no add-checkpoint")
        require(lines[0][4:] == str(int(lines[0][4:])), "the old size is a decimal number")
        old, proof = int(lines[0][4:]), [base64.b64decode(line, validate=True) for line in lines[1:]]
        note = Note(data)
        log = self.logs.get(Checkpoint(note.text).origin)
        if log is None:
            return 404, {}, b""
        try:
            head = Checkpoint.open(note, log.key)
        except Wrong:
            return 403, {}, b""
        if old > head.size:
            return 400, {}, b""
        if old != log.size or (old == head.size and log.tree != head.root):
            return 409, {"content-type": "text/x.tlog.size"}, b"%d\n" % log.size
        if not consistent(old, log.tree, head.size, head.root, proof):
            return 422, {}, b""
        log.size, log.tree = head.size, head.root
        log.pending[head.size] = (head, note)
        if self.keeps:
            return 200, {}, b""
        log.head = note.text + b"\n" + note.lines(log.key).encode() + self.signer.line(note.text).encode()
        return 200, {}, self.signer.line(note.text).encode()

    def add_entries(self, body):
        size = struct.unpack_from(">H", body)[0]
        log = self.logs.get(body[2 : 2 + size].decode())
        if log is None:
            return 404, {}, b""
        start, end, ticket = struct.unpack_from(">QQH", body, 2 + size)
        require(body[20 + size : 20 + size + ticket] in (b"", b"a ticket"), "the ticket is not ours")
        place, saved = 20 + size + ticket, False
        if end not in log.pending or start > len(log.entries):
            return self.stands(409, log, log.size)
        head, note = log.pending[end]
        while start < end:
            rounded = start // 256 * 256
            stop = min(end, rounded + 256)
            package = self.package(body, place, stop - start)
            if package is None:
                break
            entries, proof, place = package
            leaves = [leaf(entry) for entry in log.entries[rounded:start] + entries]
            if not holds(rounded, stop, end, root(leaves), proof, head.root):
                return 422, {}, b""
            log.entries += entries[len(log.entries) - start :]
            start, saved = stop, True
        if start < end:
            return self.stands(202, log, end) if saved else (400, {}, b"")
        line = self.signer.line(note.text).encode()
        log.head = note.text + b"\n" + note.lines(log.key).encode() + line
        return 200, {}, line

    @staticmethod
    def package(body, place, count):
        entries = []
        for _ in range(count):
            if place + 2 > len(body):
                return None
            size = struct.unpack_from(">H", body, place)[0]
            entries.append(body[place + 2 : place + 2 + size])
            place += 2 + size
        if place >= len(body) or place + 1 + 32 * body[place] > len(body):
            return None
        proof = [body[place + 1 + 32 * each : place + 33 + 32 * each] for each in range(body[place])]
        return entries, proof, place + 1 + 32 * len(proof)

    @staticmethod
    def stands(status, log, size):
        ticket = base64.b64encode(b"a ticket").decode()
        body = f"{size}\n{len(log.entries)}\n{ticket}\n".encode()
        return status, {"content-type": "text/x.tlog.mirror-info", "accept-encoding": "gzip"}, body


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, headers, body):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        if self.headers["transfer-encoding"] == "chunked":
            data = b""
            while size := int(self.rfile.readline(), 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            data = self.rfile.read(int(self.headers["content-length"] or 0))
        return gzip.decompress(data) if self.headers["content-encoding"] == "gzip" else data

    def do_GET(self):
        for prefix, log in self.server.served.items():
            found = log.file(self.path[len(prefix) :]) if self.path.startswith(prefix + "/") else None
            if found:
                return self.answer(200, {"content-type": found[1], "cache-control": self.control}, found[0])
        for prefix, cosigner in self.server.cosigners.items():
            for origin, log in cosigner.logs.items():
                name = hashlib.sha256(origin.encode()).hexdigest()
                if cosigner.keeps and log.head and self.path.startswith(f"{prefix}/{name}/"):
                    return self.copy(log, self.path[len(prefix) + 1 + len(name) :])
        self.answer(404, {}, b"")

    @property
    def control(self):
        return "no-cache" if self.path.endswith("/checkpoint") else "max-age=31536000, immutable"

    def copy(self, log, path):
        """What a mirror serves of a log."""
        if path == "/checkpoint":
            headers = {"content-type": "text/plain; charset=utf-8", "cache-control": self.control}
            return self.answer(200, headers, log.head)
        found = Log.of(log.entries).file(path)
        if found is None:
            return self.answer(404, {}, b"")
        headers = {"content-type": found[1], "cache-control": self.control}
        if "/entries/" in path:
            return self.answer(200, headers | {"content-encoding": "gzip"}, gzip.compress(found[0]))
        self.answer(200, headers, found[0])

    def do_POST(self):
        body = self.body()
        for prefix, cosigner in self.server.cosigners.items():
            call = {
                f"{prefix}/add-checkpoint": cosigner.add_checkpoint,
                f"{prefix}/add-entries": cosigner.add_entries,
            }.get(self.path)
            if call is None:
                continue
            try:
                with cosigner.lock:
                    answer = call(body)
            except (Wrong, ValueError, struct.error) as error:
                answer = 400, {}, str(error).encode()
            self.answer(*answer)
            self.tell(cosigner, answer[0])
            return
        self.answer(404, {}, b"")

    def tell(self, cosigner, status):
        for origin, log in cosigner.logs.items():
            state = {"cosigner": cosigner.signer.key.name, "status": status, "origin": origin}
            print(json.dumps(state | {"size": log.size, "entries": len(log.entries)}), flush=True)


def serve(served, cosigners):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.served, server.cosigners = served, cosigners
    keys = {prefix: one.signer.key.vkey for prefix, one in (served | cosigners).items()}
    print(json.dumps({"port": server.server_address[1], "keys": keys}), flush=True)
    server.serve_forever()


# Commands


def read_command(options):
    policy = Policy(open(options.policy).read())
    key = policy.log(options.origin)
    caller = Caller(options)
    prefix = "/" + hashlib.sha256(options.origin.encode()).hexdigest()
    note, head, entries = read_log(caller, key, prefix)
    return {
        "origin": head.origin,
        "size": head.size,
        "bytes": sum(map(len, entries)),
        "cosigners": sorted(policy.cosigners(note)),
        "confirmed": policy.met(note),
        "outside": sorted(vkey for vkey in options.cosigner if note.signed(Key.parse(vkey)) is not None),
    }


def prove_command(options):
    policy = Policy(open(options.policy).read())
    return check_proof(open(options.proof, "rb").read(), open(options.entry, "rb").read(), policy)


def push_command(options):
    log = Log(options.origin, options.origin, options.entries)
    return push(Caller(options), log, Key.parse(options.mirror))


def key_command(options):
    return {"vkey": Signer(options.origin, ED25519, options.origin).key.vkey}


def serve_command(options):
    keys = [Key.parse(vkey) for vkey in options.log]
    log = Log(options.origin, options.origin, options.entries, options.branch, options.spoilt)
    cosigners = {
        "/witness": Cosigner("example.org/witness", keys, keeps=False),
        "/mirror": Cosigner("example.org/mirror", keys, keeps=True),
    }
    serve({"/log": log}, cosigners)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)

    def command(name, work, *arguments):
        one = commands.add_parser(name)
        one.set_defaults(work=work)
        for argument in arguments:
            one.add_argument(argument, required=True)
        return one

    def caller(one):
        one.add_argument("--url", required=True)
        for option in ("--authority", "--certificate", "--certificate-key"):
            one.add_argument(option)

    read = command("read", read_command, "--origin", "--policy")
    read.add_argument("--cosigner", action="append", default=[])
    caller(read)
    command("prove", prove_command, "--proof", "--entry", "--policy")
    command("key", key_command, "--origin")
    pushing = command("push", push_command, "--origin", "--mirror")
    pushing.add_argument("--entries", type=int, default=700)
    caller(pushing)
    serving = command("serve", serve_command, "--origin")
    serving.add_argument("--entries", type=int, default=700)
    serving.add_argument("--branch", type=int)
    serving.add_argument("--spoilt", type=int)
    serving.add_argument("--log", action="append", default=[])
    options = parser.parse_args()
    try:
        print(json.dumps(options.work(options), sort_keys=True))
    except Wrong as wrong:
        sys.exit(f"c2sp: {wrong}")


if __name__ == "__main__":
    main()

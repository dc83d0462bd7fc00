"""CRC32C and CRC64NVME, which the standard library lacks, at some hundred megabytes a second.

A message is a polynomial, and Python's big integers are fast at shifting and adding such: the
front half, times a power of x that is known modulo the CRC's polynomial, is added to the rear half
until little is left. Bits are reflected, as both CRCs want: bit 0 is the highest power.
"""

from __future__ import annotations

from functools import lru_cache

SHORT_BITS = 256
BLOCK_BYTES = 32 << 10
"""What stays in the processor's cache."""


class Crc:
    """One kind of CRC, by its reflected polynomial; start and end are all ones."""

    def __init__(self, width: int, polynomial: int) -> None:
        self._width = width
        self._polynomial = polynomial
        self._ones = (1 << width) - 1
        self._power = lru_cache(maxsize=256)(self._x_to_the)

    def digest(self, data: bytes) -> bytes:
        """The CRC of some bytes, as S3 writes it: big-endian."""
        register = self._ones
        for at in range(0, len(data), BLOCK_BYTES):
            register = self._add(register, data[at : at + BLOCK_BYTES])
        return (register ^ self._ones).to_bytes(self._width // 8, "big")

    def _add(self, register: int, block: bytes) -> int:
        rest, bits = int.from_bytes(block, "little"), len(block) * 8
        if bits <= SHORT_BITS:
            return self._divide(rest, bits, register)
        rest ^= register
        while bits > SHORT_BITS:
            rest, bits = self._fold(rest, bits)
        return self._divide(rest, bits, 0)

    def _fold(self, rest: int, bits: int) -> tuple[int, int]:
        """Half as many bits that leave the same remainder."""
        extra = self._width - 1
        front_bits = (bits - extra) // 2
        rear_bits = bits - front_bits
        front, rear = rest & ((1 << front_bits) - 1), rest >> front_bits
        factor, product = self._power(rear_bits), 0
        for shift in range(self._width):
            if factor >> shift & 1:
                product ^= front << shift
        return rear ^ (product << (rear_bits - front_bits - extra)), rear_bits

    def _divide(self, rest: int, bits: int, register: int) -> int:
        """The remainder of a short message, bit by bit."""
        for _ in range(bits):
            low = (register ^ rest) & 1
            register = (register >> 1) ^ (self._polynomial if low else 0)
            rest >>= 1
        return register

    def _x_to_the(self, power: int) -> int:
        """x to a power, modulo the polynomial, reflected; bit `width - 1` is 1."""
        result, base = 1 << (self._width - 1), 1 << (self._width - 2)
        while power:
            if power & 1:
                result = self._times(result, base)
            base = self._times(base, base)
            power >>= 1
        return result

    def _times(self, left: int, right: int) -> int:
        product = 0
        for bit in range(self._width - 1, -1, -1):
            if left >> bit & 1:
                product ^= right
            right = (right >> 1) ^ (self._polynomial if right & 1 else 0)
        return product


CRC32C = Crc(32, 0x82F63B78)
CRC64NVME = Crc(64, 0x9A6C9329AC4BC9B5)

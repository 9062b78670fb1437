# SPDX-License-Identifier: Apache-2.0
"""What ordinary scripts do, single-threaded: the same bytes from each Python 3.11, wherever it runs."""
import bz2
import ctypes
import decimal
import hashlib
import json
import lzma
import math
import os
import random
import re
import sqlite3
import struct
import tempfile
import zlib

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "numbers.json")
    with open(path, "w") as file:
        json.dump({"sines": [math.sin(i) for i in range(1000)]}, file)
    print(os.listdir(folder), os.stat(path).st_size)
    with open(path, "rb") as file:
        print(hashlib.sha256(file.read()).hexdigest())
    os.rename(path, path + ".old")
    print(os.listdir(folder))
print(os.path.exists(folder), os.getcwd())

print(math.fsum(math.sqrt(i) for i in range(100000)))
print(decimal.Decimal(2).sqrt(), 7**100, divmod(-7, 2))
random.seed(7)
print([random.random() for _ in range(3)])
print(re.sub(r"(\w+) (\w+)", r"\2 \1", "hello world"))
print(struct.pack("<dI", 1.5, 7).hex())

data = bytes(range(256)) * 100
for codec in zlib, bz2, lzma:
    print(codec.__name__, codec.decompress(codec.compress(data)) == data)

database = sqlite3.connect(":memory:")
database.execute("create table squares (n, square)")
database.executemany("insert into squares values (?, ?)", [(i, i * i) for i in range(1000)])
print(database.execute("select sum(square) from squares where n % 3 = 0").fetchone())

libm = ctypes.CDLL("libm.so.6")
libm.cos.restype = ctypes.c_double
libm.cos.argtypes = [ctypes.c_double]
print(libm.cos(1.0))

try:
    open("/nowhere/file")
except FileNotFoundError as error:
    print(error)

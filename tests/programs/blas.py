# SPDX-License-Identifier: Apache-2.0
"""OpenBLAS, found by the dynamic linker and called from Python: a product of matrices of whole numbers, so it is exact."""
import ctypes
import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"
blas = ctypes.CDLL("libopenblas.so.0")
n = 120
square = ctypes.c_double * (n * n)
a = square(*[(i * 7) % 11 for i in range(n * n)])
b = square(*[(i * 5) % 13 for i in range(n * n)])
c = square()
row_major, plain = 101, 111
one, zero = ctypes.c_double(1), ctypes.c_double(0)
blas.cblas_dgemm(row_major, plain, plain, n, n, n, one, a, n, b, n, zero, c, n)
exact = all(
    c[i * n + j] == sum(a[i * n + k] * b[k * n + j] for k in range(n)) for i in range(0, n, 17) for j in range(0, n, 13)
)
print("exact", exact, sum(c))

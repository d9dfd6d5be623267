"""`zfec_encode.py K M FRAGMENT_BYTES SECONDS`: as isal-encode.c, by zfec."""
import os
import sys
import time

import zfec

k, m, size = map(int, sys.argv[1:4])
encoder = zfec.Encoder(k, k + m)
data = [os.urandom(size) for _ in range(k)]
parity = list(range(k, k + m))
encoder.encode(data, parity)
start = time.process_time()
rounds = 0
while time.process_time() - start < float(sys.argv[4]):
    encoder.encode(data, parity)
    rounds += 1
print(rounds * k * size / 1e6 / (time.process_time() - start))

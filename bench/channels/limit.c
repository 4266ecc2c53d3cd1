/*
 * The limit for ticks: Keccak-256 of 32 bytes, again and again, in plain C on one core. Takes the count of hashes, prints
 * the hashes a second and the last hash, which depends on every one before.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROTL(x, n) (((x) << (n)) | ((x) >> (64 - (n))))

static const uint64_t round_constants[24] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b, 0x0000000080000001,
    0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003, 0x8000000000008002, 0x8000000000000080,
    0x000000000000800a, 0x800000008000000a, 0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

/* One round from the lanes a to the lanes e: all lanes are locals, so that a compiler may hold them in registers. */
#define ROUND(a, e, constant)                                                                                          \
  do {                                                                                                                 \
    uint64_t c0 = a##0 ^ a##5 ^ a##10 ^ a##15 ^ a##20, c1 = a##1 ^ a##6 ^ a##11 ^ a##16 ^ a##21;                       \
    uint64_t c2 = a##2 ^ a##7 ^ a##12 ^ a##17 ^ a##22, c3 = a##3 ^ a##8 ^ a##13 ^ a##18 ^ a##23;                       \
    uint64_t c4 = a##4 ^ a##9 ^ a##14 ^ a##19 ^ a##24;                                                                 \
    uint64_t d0 = c4 ^ ROTL(c1, 1), d1 = c0 ^ ROTL(c2, 1), d2 = c1 ^ ROTL(c3, 1);                                      \
    uint64_t d3 = c2 ^ ROTL(c4, 1), d4 = c3 ^ ROTL(c0, 1);                                                             \
    ROW(e##0, e##1, e##2, e##3, e##4, a##0 ^ d0, ROTL(a##6 ^ d1, 44), ROTL(a##12 ^ d2, 43), ROTL(a##18 ^ d3, 21),      \
        ROTL(a##24 ^ d4, 14));                                                                                         \
    e##0 ^= constant;                                                                                                  \
    ROW(e##5, e##6, e##7, e##8, e##9, ROTL(a##3 ^ d3, 28), ROTL(a##9 ^ d4, 20), ROTL(a##10 ^ d0, 3),                   \
        ROTL(a##16 ^ d1, 45), ROTL(a##22 ^ d2, 61));                                                                   \
    ROW(e##10, e##11, e##12, e##13, e##14, ROTL(a##1 ^ d1, 1), ROTL(a##7 ^ d2, 6), ROTL(a##13 ^ d3, 25),               \
        ROTL(a##19 ^ d4, 8), ROTL(a##20 ^ d0, 18));                                                                    \
    ROW(e##15, e##16, e##17, e##18, e##19, ROTL(a##4 ^ d4, 27), ROTL(a##5 ^ d0, 36), ROTL(a##11 ^ d1, 10),             \
        ROTL(a##17 ^ d2, 15), ROTL(a##23 ^ d3, 56));                                                                   \
    ROW(e##20, e##21, e##22, e##23, e##24, ROTL(a##2 ^ d2, 62), ROTL(a##8 ^ d3, 55), ROTL(a##14 ^ d4, 39),             \
        ROTL(a##15 ^ d0, 41), ROTL(a##21 ^ d1, 2));                                                                    \
  } while (0)

#define ROW(e0, e1, e2, e3, e4, v0, v1, v2, v3, v4)                                                                    \
  do {                                                                                                                 \
    uint64_t b0 = v0, b1 = v1, b2 = v2, b3 = v3, b4 = v4;                                                              \
    e0 = b0 ^ (~b1 & b2);                                                                                              \
    e1 = b1 ^ (~b2 & b3);                                                                                              \
    e2 = b2 ^ (~b3 & b4);                                                                                              \
    e3 = b3 ^ (~b4 & b0);                                                                                              \
    e4 = b4 ^ (~b0 & b1);                                                                                              \
  } while (0)

static void hash(uint64_t value[4]) {
  uint64_t a0 = value[0], a1 = value[1], a2 = value[2], a3 = value[3], a4 = 1;
  uint64_t a5 = 0, a6 = 0, a7 = 0, a8 = 0, a9 = 0, a10 = 0, a11 = 0, a12 = 0, a13 = 0, a14 = 0, a15 = 0;
  uint64_t a16 = 0x8000000000000000, a17 = 0, a18 = 0, a19 = 0, a20 = 0, a21 = 0, a22 = 0, a23 = 0, a24 = 0;
  uint64_t e0, e1, e2, e3, e4, e5, e6, e7, e8, e9, e10, e11, e12, e13, e14, e15, e16, e17, e18, e19, e20, e21, e22, e23,
      e24;
  for (int round = 0; round < 24; round += 2) {
    ROUND(a, e, round_constants[round]);
    ROUND(e, a, round_constants[round + 1]);
  }
  value[0] = a0, value[1] = a1, value[2] = a2, value[3] = a3;
}

int main(int argc, char **argv) {
  long count = argc > 1 ? atol(argv[1]) : 1000000;
  uint64_t value[4] = {0, 0, 0, 0};
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  for (long i = 0; i < count; i++) hash(value);
  clock_gettime(CLOCK_MONOTONIC, &end);
  double seconds = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
  printf("%.0f ", (double)count / seconds);
  for (int i = 0; i < 32; i++) printf("%02x", ((const unsigned char *)value)[i]);
  printf("\n");
  return 0;
}

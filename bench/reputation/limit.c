// EigenTrust in C: every peer gathers what its consumers pass on. Reads a graph in compressed sparse rows by provider, prints
// seconds, rounds and the sum of the squares of the scores, by which they are compared.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void *take(FILE *file, size_t size, size_t count) {
  void *list = malloc(size * count);
  if (!list || fread(list, size, count, file) != count) exit(2);
  return list;
}

int main(int argc, char **argv) {
  FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
  if (!file) return 2;
  uint32_t *head = take(file, 4, 2);
  uint32_t n = head[0], edges = head[1];
  uint32_t *starts = take(file, 4, n + 1);
  uint32_t *consumers = take(file, 4, edges);
  float *shares = take(file, 4, edges);
  uint8_t *idles = take(file, 1, n);
  double *seeds = take(file, 8, n);
  fclose(file);
  double *trust = malloc(8 * n), *next = malloc(8 * n);

  struct timespec a, b;
  clock_gettime(CLOCK_MONOTONIC, &a);
  const double alpha = 0.15;
  for (uint32_t i = 0; i < n; i++) trust[i] = seeds[i];
  double change = 1;
  int rounds = 0;
  while (change > 1e-6) {
    double idle = 0;
    for (uint32_t i = 0; i < n; i++) if (idles[i]) idle += trust[i];
    change = 0;
    for (uint32_t i = 0; i < n; i++) {
      double sum = 0;
      for (uint32_t e = starts[i]; e < starts[i + 1]; e++) sum += trust[consumers[e]] * shares[e];
      double value = (1 - alpha) * (sum + idle * seeds[i]) + alpha * seeds[i];
      change += fabs(value - trust[i]);
      next[i] = value;
    }
    double *spare = trust;
    trust = next;
    next = spare;
    rounds++;
  }
  clock_gettime(CLOCK_MONOTONIC, &b);
  double squares = 0;
  for (uint32_t i = 0; i < n; i++) squares += trust[i] * trust[i];
  printf("%.6f %d %.12g\n", (b.tv_sec - a.tv_sec) + (b.tv_nsec - a.tv_nsec) / 1e9, rounds, squares);
  return 0;
}

#include "reference_loops.h"
#include <math.h>

static inline uint64_t rotated(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }
static inline uint64_t next_word(reference_generator *g) {
  uint64_t *s = g->s, result = rotated(s[0] + s[3], 23) + s[0], t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotated(s[3], 45);
  return result;
}
static inline double uniform(reference_generator *g) { return (double)(next_word(g) >> 11) * 0x1p-53; }

int64_t reference_potts_sweep(uint8_t *states, int64_t size, int q, double coupling, reference_generator *generator) {
  double odds[9];
  for (int n = 0; n < 9; n++) odds[n] = n >= 4 ? 1 : exp(coupling * (n - 4));
  reference_generator g = *generator;
  int64_t accepted = 0;
  for (int colour = 0; colour < 2; colour++)
    for (int64_t y = 0; y < size; y++) {
      uint8_t *row = states + y * size;
      const uint8_t *above = states + (y ? y - 1 : size - 1) * size, *below = states + (y + 1 < size ? y + 1 : 0) * size;
      for (int64_t x = (y + colour) & 1; x < size; x += 2) {
        uint8_t old = row[x], other = (uint8_t)(((next_word(&g) >> 32) * (uint64_t)(q - 1)) >> 32);
        uint8_t new = other < old ? other : other + 1;
        uint8_t left = row[x ? x - 1 : size - 1], right = row[x + 1 < size ? x + 1 : 0], up = above[x], down = below[x];
        int gain = (left == new) + (right == new) + (up == new) + (down == new) - (left == old) - (right == old) - (up == old)
                   - (down == old);
        if (gain >= 0 || uniform(&g) < odds[gain + 4]) {
          row[x] = new;
          accepted++;
        }
      }
    }
  *generator = g;
  return accepted;
}

int64_t reference_xy_sweep(double *vectors, int64_t size, double coupling, double width, reference_generator *generator) {
  reference_generator g = *generator;
  int64_t accepted = 0;
  for (int colour = 0; colour < 2; colour++)
    for (int64_t y = 0; y < size; y++) {
      double *row = vectors + 2 * y * size;
      const double *above = vectors + 2 * (y ? y - 1 : size - 1) * size;
      const double *below = vectors + 2 * (y + 1 < size ? y + 1 : 0) * size;
      for (int64_t x = (y + colour) & 1; x < size; x += 2) {
        int64_t left = 2 * (x ? x - 1 : size - 1), right = 2 * (x + 1 < size ? x + 1 : 0), here = 2 * x;
        double fx = row[left] + row[right] + above[here] + below[here];
        double fy = row[left + 1] + row[right + 1] + above[here + 1] + below[here + 1];
        double w = width * (2 * uniform(&g) - 1), scale = 1 / (1 + w * w), c = (1 - w * w) * scale, s = 2 * w * scale;
        double a = row[here], b = row[here + 1], na = c * a - s * b, nb = s * a + c * b;
        double length = 1.5 - 0.5 * (na * na + nb * nb);
        na *= length;
        nb *= length;
        double change = coupling * ((na - a) * fx + (nb - b) * fy);
        if (change >= 0 || uniform(&g) < exp(change)) {
          row[here] = na;
          row[here + 1] = nb;
          accepted++;
        }
      }
    }
  *generator = g;
  return accepted;
}

int64_t reference_scalar_sweep(
  double *fields, int64_t size, double kappa, double lambda, double width, reference_generator *generator) {
  reference_generator g = *generator;
  int64_t accepted = 0;
  for (int colour = 0; colour < 2; colour++)
    for (int64_t y = 0; y < size; y++) {
      double *row = fields + y * size;
      const double *above = fields + (y ? y - 1 : size - 1) * size, *below = fields + (y + 1 < size ? y + 1 : 0) * size;
      for (int64_t x = (y + colour) & 1; x < size; x += 2) {
        double sum = row[x ? x - 1 : size - 1] + row[x + 1 < size ? x + 1 : 0] + above[x] + below[x];
        double old = row[x], new = old + width * (2 * uniform(&g) - 1), p = old * old, q = new * new;
        double change = 2 * kappa * sum * (new - old) + p + lambda * (p - 1) * (p - 1) - q - lambda * (q - 1) * (q - 1);
        if (change >= 0 || uniform(&g) < exp(change)) {
          row[x] = new;
          accepted++;
        }
      }
    }
  *generator = g;
  return accepted;
}

int64_t reference_cubic_ising_sweep(int8_t *spins, int64_t size, double coupling, reference_generator *generator) {
  double odds[13];
  for (int n = 0; n < 13; n++) odds[n] = n <= 6 ? 1 : exp(-2 * coupling * (n - 6));
  reference_generator g = *generator;
  int64_t accepted = 0, plane = size * size;
  for (int colour = 0; colour < 2; colour++)
    for (int64_t z = 0; z < size; z++)
      for (int64_t y = 0; y < size; y++) {
        int8_t *row = spins + z * plane + y * size;
        const int8_t *above = spins + z * plane + (y ? y - 1 : size - 1) * size;
        const int8_t *below = spins + z * plane + (y + 1 < size ? y + 1 : 0) * size;
        const int8_t *behind = spins + (z ? z - 1 : size - 1) * plane + y * size;
        const int8_t *before = spins + (z + 1 < size ? z + 1 : 0) * plane + y * size;
        for (int64_t x = (z + y + colour) & 1; x < size; x += 2) {
          int sum = row[x ? x - 1 : size - 1] + row[x + 1 < size ? x + 1 : 0] + above[x] + below[x] + behind[x] + before[x];
          int cost = row[x] * sum;
          if (cost <= 0 || uniform(&g) < odds[cost + 6]) {
            row[x] = -row[x];
            accepted++;
          }
        }
      }
  *generator = g;
  return accepted;
}

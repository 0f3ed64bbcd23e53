// Plain loops in C of the Metropolis rules of Renorm's models, the measure for their kernels in `renorm bench`: what one
// writes by hand for one model on one square lattice. Nothing else uses them.
#pragma once
#include <stdint.h>

// A xoshiro256++ generator (Blackman, Vigna 2021).
typedef struct { uint64_t s[4]; } reference_generator;

// One checkerboard sweep over size x size sites, size even; returns how many proposals were accepted.
// Potts: states 0 ... q - 1 at coupling K, a uniform other state is proposed; q <= 16.
int64_t reference_potts_sweep(uint8_t *states, int64_t size, int q, double coupling, reference_generator *generator);
// XY: unit vectors (x, y), turned by 2 arctan(w), w uniform in -width ... width.
int64_t reference_xy_sweep(double *vectors, int64_t size, double coupling, double width, reference_generator *generator);
// phi^4: weight exp(2 kappa sum phi phi' - phi^2 - lambda (phi^2 - 1)^2), phi + w with w uniform in -width ... width.
int64_t reference_scalar_sweep(
  double *fields, int64_t size, double kappa, double lambda, double width, reference_generator *generator);
// Ising spins +-1 on a cube of size^3 sites.
int64_t reference_cubic_ising_sweep(int8_t *spins, int64_t size, double coupling, reference_generator *generator);

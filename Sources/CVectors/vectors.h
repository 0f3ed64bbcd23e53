#pragma once
// The level of the x86-64 ABI (0: another processor) that the importing Swift code is compiled for: it follows the same -march.
static inline int instruction_set_level(void) {
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
  return 4;
#elif defined(__AVX2__) && defined(__FMA__) && defined(__BMI2__)
  return 3;
#elif defined(__x86_64__)
  return 1;
#else
  return 0;
#endif
}

// Swift shifts a vector lane by lane. The compiler puts shifts together again, but not the rotation that it finds in two of
// them; this one is of the whole vector.
typedef unsigned long long four_words __attribute__((ext_vector_type(4)));
static inline __attribute__((always_inline)) four_words four_words_rotated(four_words x, int count) {
  return x << count | x >> (64 - count);
}

// Swift takes the roots of a vector lane by lane, each with a test for what is below zero.
typedef float sixteen_floats __attribute__((ext_vector_type(16)));
static inline __attribute__((always_inline)) sixteen_floats sixteen_roots(sixteen_floats x) { return __builtin_elementwise_sqrt(x); }

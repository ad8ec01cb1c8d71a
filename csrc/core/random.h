/* L0: reproducible random numbers for guides and samples. */
#ifndef RL_RANDOM_H
#define RL_RANDOM_H

#include <stdint.h>

/* Uniform in [0, 1); *state is any seed, then the generator's state (splitmix64; Steele et al. 2014). */
static inline double rl_random_unit(uint64_t *state) {
  *state += 0x9E3779B97F4A7C15u;
  uint64_t z = *state;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

#endif

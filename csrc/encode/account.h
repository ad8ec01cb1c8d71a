/* L2: a sum of terms together with a bound on its rounding error. */
#ifndef RL_ACCOUNT_H
#define RL_ACCOUNT_H

#include <math.h>

#include "core/round.h"

typedef struct rl_account {
  double sum, mag, charge; /* value, sum of |terms|, other errors (each already an upper bound) */
  long terms;
} rl_account;

static inline void rl_account_add(rl_account *a, double term) {
  a->sum += term;
  a->mag += fabs(term);
  a->terms++;
}

/* Upper bound of the exact sum: each term may itself have been rounded up to four times. */
static inline double rl_account_up(const rl_account *a) {
  return rl_add_up(a->sum, rl_rounding((double)a->terms + 8, a->mag) + a->charge * (1 + 1e-9));
}

#endif

/* L3: the first byte of a step on record: kind, then flags. */
#ifndef RL_PROOF_FORMAT_H
#define RL_PROOF_FORMAT_H

enum {
  RL_HEAD_KIND = 7,    /* mask: an rl_step_kind */
  RL_HEAD_UPPER = 8,   /* flag: the upper end */
  RL_HEAD_SLOPES = 4,  /* shift: an rl_slopes */
  RL_HEAD_NEURONS = 64 /* flag: the bound ends at the first layer's ranges */
};

#endif

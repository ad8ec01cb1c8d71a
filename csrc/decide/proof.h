/* L3: a record as a proof: the tree in numbers, its steps read back (relucid.h, "proofs"). */
#ifndef RL_PROOF_H
#define RL_PROOF_H

#include "decide/worker.h"

rl_status rl_proof_create(rl_proof **out, const rl_shared *shared, double upper, rl_error *err);
void rl_proof_release(rl_proof *proof); /* NULL is fine */

#endif

/* L3: the recorder: what lets the search close or shrink a node, as steps that a checker can repeat (relucid.h,
 * "proofs").
 *
 * While a search is recorded, its claims rest on the dual bound (dual.h) alone, over ranges that are themselves on
 * record: forward and backward bounds only propose which ranges are worth a step.  The other end of a decided neuron's
 * range is not on record; no claim uses it. */
#ifndef RL_RECORD_H
#define RL_RECORD_H

#include <stdatomic.h>

#include "encode/dual.h"

/* A node of the tree on record.  Written by the worker that holds its node. */
typedef struct rl_record_node {
  struct rl_record_node *parent, *child[2]; /* children: x <= at or off, x >= at or on */
  int input, neuron;                        /* of the split; -1 */
  double at;
  uint8_t *bytes; /* the steps */
  size_t length, room;
  int number; /* in the proof, once that is asked for */
} rl_record_node;

typedef struct rl_record {
  rl_record_node *root;
  atomic_size_t bytes; /* memory taken */
} rl_record;

/* A worker's part. */
typedef struct rl_recorder {
  rl_record *record;
  const rl_network *net;
  const rl_domain *domain;
  const rl_property *target;
  int over_neurons;   /* ranges of the first layer may end a bound: both their ends are on record */
  rl_record_node *at; /* the present node */
  int failed;         /* out of memory since the last look */
  rl_dual_kept kept;  /* the multipliers of the best bound: neurons, neurons, half-spaces, rows of the longest clause */
  double *proposed_l, *proposed_u; /* neurons: ranges by forward and backward bounds */
  double *best_l, *best_u;         /* neurons: ends just derived */
  uint8_t *want, *how_l, *how_u;   /* neurons: ends to derive; what gave them */
  int *why;      /* (clauses + 1) x 2n: row (or neuron, in the last block) that cut an input's end; -1: none */
  double *slope; /* 2n: coefficients of the input in the bounds that cut its ends, for the present clause */
  int crossed;   /* the input whose ends crossed */
  int *tight;    /* constraints of an exact leaf */
} rl_recorder;

rl_status rl_record_create(rl_record **out, rl_error *err);
void rl_record_release(rl_record *record);
rl_status rl_recorder_create(rl_recorder **out, rl_record *record, const rl_network *net, const rl_domain *domain,
                             const rl_property *target, rl_error *err);
void rl_recorder_release(rl_recorder *recorder);

/* Make `node` the present one.  Children that it has are of a try that failed. */
void rl_record_begin(rl_recorder *recorder, rl_record_node *node);
/* The present node is split: children[0] to be x <= at (off), children[1] x >= at (on). */
void rl_record_split(rl_recorder *recorder, int input, int neuron, double at, rl_record_node *children[2]);
/* The present node's steps are complete for now: give back what they do not need. */
void rl_record_trim(rl_recorder *recorder);

/* How a step's bound is made: kept multipliers, or slopes that the ranges give. */
enum { RL_HOW_FROM_NEURONS = 8 }; /* or'ed to an rl_slopes */

/* An end of a neuron's range. */
void rl_record_range(rl_recorder *recorder, const rl_cell *cell, int neuron, int upper, double value, int how);
/* An upper bound of the kept lambda's sum of the clause's rows. */
void rl_record_bound(rl_recorder *recorder, const rl_cell *cell, int clause, double value, int how);
/* The set is empty, by the kept multipliers. */
void rl_record_empty(rl_recorder *recorder, const rl_cell *cell);
/* A cell without kinks: the clause's maximum (clause -1: the cell is empty), from the constraints in tight. */
void rl_record_leaf(rl_recorder *recorder, int clause, double value, int tights);
/* An input's end, by the open clauses' rows or (neuron >= 0) by an imposed sign; see why. */
void rl_record_cut(rl_recorder *recorder, int input, int upper, double value, const uint8_t *open, int neuron);

#endif

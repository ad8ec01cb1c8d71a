/* relucid: for which inputs does a ReLU network provably keep a property?
 *
 * The public interface of the C core.  Words follow the field:
 *
 *   network   affine layers with ReLU between them, F: R^n -> R^m.  Hidden
 *             neuron (l,i) has pre-activation z and activation max(z,0).
 *   domain    the inputs considered: a box, optionally cut by half-spaces.
 *   pattern   a partial map hidden neuron -> on (z >= 0) / off (z <= 0).  Both
 *             are closed: the boundary belongs to both.
 *   property  an or of ands of linear rows a.x + c.y + d >= 0 over inputs x and
 *             outputs y = F(x).
 *   region    domain and {A x <= b} and (optionally) a pattern.
 *
 * Conventions.  Matrices are row-major.  Hidden neurons are numbered through
 * all hidden layers, layer by layer, from 0.  Every function that can fail
 * returns an rl_status and fills *err (which may be NULL); results come through
 * out-parameters that are left untouched on failure.  Arrays passed in are
 * copied and never modified unless said otherwise.  The core never prints.
 */
#ifndef RELUCID_H
#define RELUCID_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RELUCID_VERSION "0.2.0"

/* ---- status ------------------------------------------------------------ */

typedef enum rl_status {
  RL_OK = 0,
  RL_EMEMORY,   /* out of memory */
  RL_EINPUT,    /* an argument has a wrong value or dimension */
  RL_EFILE,     /* a file cannot be opened or read */
  RL_EFORMAT,   /* a file's content is malformed */
  RL_ENUMERIC,  /* the LP layer could not recover from numerical trouble */
  RL_EINTERNAL  /* a defect of relucid */
} rl_status;

typedef struct rl_error {
  rl_status code;
  char message[512]; /* names file, place, value and expectation */
} rl_error;

const char *rl_status_text(rl_status status);

/* ---- interruption ------------------------------------------------------ */

/* While asked(context) returns non-zero, whatever the calling thread is at ends early: without an answer, or with a
 * weaker one that still holds.  It is asked several times a second.  NULL: nothing is interrupted. */
typedef int rl_interrupt(void *context);
void rl_interrupt_by(rl_interrupt *asked, void *context);

/* ---- network ----------------------------------------------------------- */

typedef struct rl_network rl_network; /* immutable, reference counted */

/* Read a .nnet file (optionally gzipped).  raw = 0: the network's own,
 * normalised coordinates.  raw = 1: physical units; the header's means and
 * ranges are folded into the first and last layer (weights rounded to double:
 * guarantees then hold for that folded network). */
rl_status rl_network_read_nnet(rl_network **out, const char *path, int raw, rl_error *err);

/* Read an ONNX file (optionally gzipped): a graph of affine and piecewise-linear nodes (the guide to networks has the
 * list), a batch of 1.  output: the value of the graph to compute, NULL for its first output.  Values that lead past
 * others become linear neurons.  Affine nodes are composed where that is exact in doubles, else kept apart, so that the
 * network is that of the file's numbers; rl_network_notes says where a number had to be rounded. */
rl_status rl_network_read_onnx(rl_network **out, const char *path, const char *output, rl_error *err);

/* Build from arrays.  layers: number of affine layers (>= 1); sizes[layers+1];
 * weights[k]: sizes[k+1] x sizes[k]; biases[k]: sizes[k+1].  linear[hidden neurons], or NULL: not 0 for a neuron that
 * passes its value on as it is, without ReLU. */
rl_status rl_network_create(rl_network **out, int layers, const int *sizes, const double *const *weights,
                            const double *const *biases, const uint8_t *linear, rl_error *err);

rl_network *rl_network_retain(const rl_network *net);
void rl_network_release(rl_network *net); /* NULL is fine */

int rl_network_layers(const rl_network *net);          /* affine layers; hidden layers = this - 1 */
int rl_network_size(const rl_network *net, int layer); /* 0 = inputs, layers = outputs */
int rl_network_inputs(const rl_network *net);
int rl_network_outputs(const rl_network *net);
int rl_network_neurons(const rl_network *net);                /* hidden neurons in all */
int rl_network_offset(const rl_network *net, int hidden);     /* number of the first neuron of hidden layer 0.. */
/* 1 if hidden neuron 0.. passes its value on as it is: it is in no pattern. */
int rl_network_is_linear(const rl_network *net, int neuron);
const double *rl_network_weights(const rl_network *net, int layer); /* affine layer 0.. */
const double *rl_network_biases(const rl_network *net, int layer);
size_t rl_network_nonzero(const rl_network *net, int layer); /* weights of affine layer 0.. that are not 0 */
int rl_network_is_sparse(const rl_network *net, int layer);  /* kept as compressed rows, too */
const char *rl_network_file(const rl_network *net);   /* "" when built from arrays */
const char *rl_network_sha256(const rl_network *net); /* of the file's bytes; of sizes and doubles when built from arrays */
const char *rl_network_notes(const rl_network *net);  /* what reading dropped, chose or rounded, a line each; "" */
int rl_network_is_raw(const rl_network *net); /* read with raw: inputs and outputs in the file's physical units */

/* Names of input 0 <= i < n and output 0 <= j < m: labels for people, no part of what is computed.  NULL where none
 * was given. */
const char *rl_network_input_name(const rl_network *net, int i);
const char *rl_network_output_name(const rl_network *net, int j);
/* Give names to all inputs (inputs[n]) and all outputs (outputs[m]); NULL: as they are.  RL_EINPUT for a name that is
 * empty, has blanks around it or control characters, or appears twice.  For a network that nobody else uses yet. */
rl_status rl_network_set_names(rl_network *net, const char *const *inputs, const char *const *outputs, rl_error *err);

/* The input box of the file's header, in the network's coordinates.  Returns 1
 * and fills lo[n], hi[n] when the file gives one with lo < hi somewhere and
 * lo <= hi everywhere, else 0. */
int rl_network_box(const rl_network *net, double *lo, double *hi);

/* Evaluate count inputs: x[count*n] -> y[count*m]. */
rl_status rl_network_eval(const rl_network *net, size_t count, const double *x, double *y, rl_error *err);

/* Rigorous evaluation of one input: ylo[m] <= F(x) <= yhi[m] in exact arithmetic. */
rl_status rl_network_eval_bounds(const rl_network *net, const double *x, double *ylo, double *yhi, rl_error *err);

/* Pre-activations of all hidden neurons, rounded to nearest: x[count*n] -> z[count*neurons]. */
rl_status rl_network_preactivations(const rl_network *net, size_t count, const double *x, double *z, rl_error *err);

/* ---- pattern ----------------------------------------------------------- */

enum { RL_FREE = -1, RL_OFF = 0, RL_ON = 1 };

/* A pattern is an array int8_t s[neurons] of the three values above; linear neurons are free in every pattern. */

/* Full decision pattern of x: on where z > 0 or (z == 0, by convention) on; free where a neuron is linear. */
rl_status rl_network_pattern(const rl_network *net, const double *x, int8_t *signs, rl_error *err);

/* Number of fixed neurons. */
int rl_pattern_literals(const rl_network *net, const int8_t *signs);

/* 1 if signs is a decision prefix: some k with layers < k all fixed (but for linear neurons), layers > k all free. */
int rl_pattern_is_prefix(const rl_network *net, const int8_t *signs);

/* The affine output map y = W x + w0 of a full pattern: W[m*n], w0[m], rounded
 * to nearest (for display and for choosing rows; see rl_region_* for rigour). */
rl_status rl_pattern_affine(const rl_network *net, const int8_t *signs, double *W, double *w0, rl_error *err);

/* ---- domain ------------------------------------------------------------ */

typedef struct rl_domain rl_domain; /* immutable, reference counted */

/* lo[n] <= x <= hi[n] (finite) and A x <= b with A[rows*n], b[rows]; rows may be 0. */
rl_status rl_domain_create(rl_domain **out, int n, const double *lo, const double *hi, int rows, const double *A,
                           const double *b, rl_error *err);
rl_domain *rl_domain_retain(const rl_domain *domain);
void rl_domain_release(rl_domain *domain);
int rl_domain_inputs(const rl_domain *domain);
int rl_domain_rows(const rl_domain *domain);
const double *rl_domain_lo(const rl_domain *domain);
const double *rl_domain_hi(const rl_domain *domain);
const double *rl_domain_A(const rl_domain *domain);
const double *rl_domain_b(const rl_domain *domain);

/* ---- property ---------------------------------------------------------- */

typedef struct rl_property rl_property; /* immutable, reference counted */

/* An or of `clauses` ands; clause k has counts[k] rows a.x + c.y + d >= 0, stored
 * one after the other: a[total*n] (NULL: no input part), c[total*m], d[total]. */
rl_status rl_property_create(rl_property **out, int n, int m, int clauses, const int *counts, const double *a,
                             const double *c, const double *d, rl_error *err);
rl_status rl_property_argmax(rl_property **out, int n, int m, int output, rl_error *err); /* y_output >= y_j, all j */
rl_status rl_property_argmin(rl_property **out, int n, int m, int output, rl_error *err);
/* Not P: rows flipped, ands and ors exchanged, multiplied out.  Rows of the
 * result are to be read strictly (> 0): pass it to rl_search with strict = 1. */
rl_status rl_property_negate(rl_property **out, const rl_property *property, rl_error *err);
rl_property *rl_property_retain(const rl_property *property);
void rl_property_release(rl_property *property);
int rl_property_inputs(const rl_property *property);
int rl_property_outputs(const rl_property *property);
int rl_property_clauses(const rl_property *property);
int rl_property_rows(const rl_property *property, int clause);
/* Row r of clause k: a[n] or NULL when no row of the property has an input part. */
const double *rl_property_a(const rl_property *property, int clause, int row);
const double *rl_property_c(const rl_property *property, int clause, int row);
double rl_property_d(const rl_property *property, int clause, int row);

/* value of P at (x,y): max over clauses of min over rows of a.x + c.y + d (round to nearest). */
double rl_property_value(const rl_property *property, const double *x, const double *y);

/* Rigorous ranges lo[neurons], hi[neurons] of the pre-activations where inputs of the domain's box obey the pattern (may
 * be NULL); its half-spaces are not used.  tight: bounds by substitution backwards on top, at a cost of the square of
 * the widths.  *empty = 1, and nothing else, where no input obeys. */
rl_status rl_network_ranges(const rl_network *net, const rl_domain *domain, const int8_t *pattern, int tight,
                            double *lo, double *hi, int *empty, rl_error *err);

/* ---- data -------------------------------------------------------------- */

typedef struct rl_data rl_data; /* immutable, reference counted: count rows of n doubles */

/* Format from the content and name: IDX (ubyte, scaled by 1/255 when scale = 0), .npy
 * (little-endian f4/f8/u1/i4/i8, 1-D or 2-D or more, flattened per row, C order), else CSV (comma, semicolon or
 * white space; an optional header line; # comments).  All may be gzipped.  scale != 0 multiplies each value. */
rl_status rl_data_read(rl_data **out, const char *path, double scale, rl_error *err);
rl_status rl_data_create(rl_data **out, size_t count, size_t n, const double *values, rl_error *err);
rl_data *rl_data_retain(const rl_data *data);
void rl_data_release(rl_data *data);
size_t rl_data_count(const rl_data *data);
size_t rl_data_columns(const rl_data *data);
const double *rl_data_values(const rl_data *data);
/* What the header line calls column 0 <= j < columns; NULL where there is none that names every column. */
const char *rl_data_name(const rl_data *data, size_t column);

/* ---- search: decide and maximize --------------------------------------- */

/* Options of the search: X(type, name, default, help). */
#define RL_SEARCH_OPTIONS(X)                                                                              \
  X(double, seconds, 0, "stop after so many seconds of wall-clock time (0: no limit)")                    \
  X(double, nodes, 0, "stop after so many search nodes (0: no limit)")                                    \
  X(double, lps, 0, "stop after so many linear programs (0: no limit)")                                   \
  X(double, megabytes, 0, "stop when open nodes take so much memory (0: no limit)")                       \
  X(double, threads, 1, "POSIX threads; 1 gives reproducible runs")                                       \
  X(double, gap, 1e-9, "maximize: stop when upper - lower <= gap * max(1, |lower|)")                      \
  X(double, seed, 1, "seed of the counterexample sampler")                                                \
  X(double, slope_steps, 3, "ascent steps on relaxation slopes and multipliers per node")                 \
  X(double, lp_columns, 16, "solve an LP at nodes with at most so many undecided neurons")               \
  X(double, regime, 0, "0: the search chooses; 1: split, bound and solve LPs; 2: refine neurons' ranges first")  \
  X(double, record, 0, "1: record what proves each node, for a proof; counts in megabytes (0: no)")

typedef struct rl_search_options {
#define RL_FIELD(type, name, default_, help) type name;
  RL_SEARCH_OPTIONS(RL_FIELD)
#undef RL_FIELD
} rl_search_options;

void rl_search_defaults(rl_search_options *options);

/* Statistics: X(name, help); all are counts except seconds. */
#define RL_SEARCH_STATS(X)                              \
  X(nodes, "search nodes")                              \
  X(lps, "linear programs solved")                      \
  X(pivots, "simplex iterations")                       \
  X(exact, "leaves settled in rational arithmetic")     \
  X(input_splits, "splits of an input interval")        \
  X(neuron_splits, "splits of a neuron's sign")         \
  X(evaluations, "network evaluations for witnesses")   \
  X(retries, "linear programs solved again after numerical trouble") \
  X(seconds, "wall-clock seconds")

typedef struct rl_search_stats {
#define RL_FIELD(name, help) double name;
  RL_SEARCH_STATS(RL_FIELD)
#undef RL_FIELD
} rl_search_stats;

typedef enum rl_verdict {
  RL_RUNNING = 0,
  RL_PROVED,         /* decide: no such input exists; maximize: the gap between a witness' value and the upper bound is
                      * closed (or the set is proved empty) */
  RL_COUNTEREXAMPLE, /* decide: an input was found and confirmed rigorously */
  RL_UNKNOWN         /* see rl_search_reason */
} rl_verdict;

typedef enum rl_mode {
  RL_FIND,        /* x with: some clause's rows all >= 0 */
  RL_FIND_STRICT, /* x with: some clause's rows all > 0 */
  RL_MAXIMIZE     /* the maximum of max over clauses of min over rows */
} rl_mode;

typedef struct rl_search rl_search;

/* Search D and pattern (may be NULL) for the target.  options may be NULL.
 * References to net, domain and target are kept; pattern is copied. */
rl_status rl_search_create(rl_search **out, const rl_network *net, const rl_domain *domain, const int8_t *pattern,
                           const rl_property *target, rl_mode mode, const rl_search_options *options, rl_error *err);
/* Run for at most `nodes` more nodes (at least one), or about a fifth of a second, and return the verdict so
 * far.  How a search is cut into steps does not change what it finds. */
rl_status rl_search_step(rl_search *search, long nodes, rl_verdict *verdict, rl_error *err);
/* Run to the end, or until the thread is interrupted: then the verdict is RL_RUNNING. */
rl_status rl_search_run(rl_search *search, rl_verdict *verdict, rl_error *err);
void rl_search_release(rl_search *search);

rl_verdict rl_search_verdict(const rl_search *search);
const char *rl_search_reason(const rl_search *search); /* for RL_UNKNOWN: "seconds", "nodes", "lps", "memory", "numerics" */
/* Best input so far (n doubles) or NULL; it lies in the set, in exact arithmetic.  MAXIMIZE: its value is at least
 * rl_search_lower.  Where the maximum lies at a point that no doubles are near enough to, the search ends as unknown
 * ("numerics"), with an upper bound that is tight all the same. */
const double *rl_search_witness(const rl_search *search);
/* MAXIMIZE: lower <= max <= upper at any time; -inf when no point is known / the set is empty. */
double rl_search_lower(const rl_search *search);
double rl_search_upper(const rl_search *search);
const rl_search_stats *rl_search_statistics(const rl_search *search);
/* After RL_PROVED: which pattern literals the proof used; used[neurons] becomes 0/1. */
void rl_search_core(const rl_search *search, int8_t *used);

/* ---- proofs -------------------------------------------------------------
 *
 * With the option `record` a search keeps what proves each node of its tree: enough for a checker that knows no search
 * and no LP.  (It claims nothing else then, so its course may differ, and it takes several times as long.)  The checker holds, on the way from the root to a node, a state:
 *
 *   box      lo <= x <= hi; at the root the domain's
 *   signs    imposed on / off; at the root the pattern's
 *   ranges   l <= z <= u of each hidden neuron; at the root none (infinite)
 *   bounds   an upper bound of each clause (of the least of its rows); at the root none (infinite)
 *
 * Linear neurons have no sign.  A neuron with an imposed sign has l >= 0 (on) or u <= 0 (off) besides what is on record.  A node's steps change the
 * state in their order; its children begin with its last state and a half of it: below and above `at` in an input,
 * off and on for a neuron.  A node without children is closed when some l > u or lo > hi, a step EMPTY was met, or
 * every clause's bound is low enough: < 0 for RL_FIND, <= 0 for RL_FIND_STRICT, <= the proof's `upper` for RL_MAXIMIZE.
 *
 * All steps but LEAF claim a dual bound: for a goal, linear over the pre-activations of one layer (RANGE, CUT by a
 * sign: side * z), or over outputs and inputs (BOUND: lambda's sum of a clause's rows; EMPTY: 0), and for any numbers
 * alpha in [0, 1], tau, mu >= 0, an upper bound over the state is found by going backwards through the layers.  With
 * coefficient v of an activation a = max(z, 0):
 *
 *   on (imposed, or l >= 0)       v a = v z
 *   linear                        v a = v z
 *   off (imposed, or u <= 0)      v a = 0
 *   else v > 0                    v a <= v u / (u - l) (z - l)
 *   else v < 0                    v a <= v alpha z
 *
 * To this tau (z - l) is added where tau > 0, -tau (u - z) where tau < 0 (RANGE: also for neurons of the goal's own
 * layer, none of later ones), to the inputs' part mu (b - A x); the rest is a linear function of x, whose maximum over
 * the box is the bound.  `from_neurons`: the rest is a linear function of the first layer's pre-activations, whose
 * maximum over their ranges is the bound. */

typedef struct rl_proof rl_proof; /* belongs to its search */

typedef enum rl_step_kind {
  RL_STEP_RANGE, /* l (upper = 0) or u (upper = 1) of neuron `index` is `value`; weaker than before: no change */
  RL_STEP_BOUND, /* clause `index` is bounded by `value`: the bound of lambda's sum, divided by the sum of lambda */
  RL_STEP_CUT,   /* lo (upper = 0) or hi (upper = 1) of input `index` is `value`: what that cuts off is closed.  Over the
                  * box with the cut-off part of that input: neuron >= 0: the bound of side * z (side 1 where on is
                  * imposed, -1 where off) is < 0; else for each clause whose bound is not low enough, the bound of the
                  * row that `clauses`, `rows` name is low enough */
  RL_STEP_EMPTY, /* the state is empty: the bound of 0 is < 0 */
  RL_STEP_LEAF   /* every neuron is on or off: the program over x (exact arithmetic) to maximise clause `index` has no
                  * larger value than `value`; index -1: it has no solution.  `tight`: which constraints show that */
} rl_step_kind;

typedef enum rl_slopes {
  RL_SLOPES_GIVEN,    /* as listed; 0 where not */
  RL_SLOPES_PARALLEL, /* alpha = u / (u - l) to nearest */
  RL_SLOPES_ADAPTIVE  /* alpha = 1 where u > -l, else 0 */
} rl_slopes;

/* Some entries of a vector; the others are 0. */
typedef struct rl_entries {
  int count;
  const int *at;       /* count, ascending */
  const double *value; /* count */
} rl_entries;

/* Arrays are valid until the next call on the same proof. */
typedef struct rl_step {
  rl_step_kind kind;
  int index, upper;
  double value;
  rl_slopes slopes;
  int from_neurons;
  rl_entries alpha, tau, mu; /* slopes GIVEN: neurons, neurons, half-spaces */
  rl_entries lambda;         /* BOUND: rows */
  int neuron;                /* CUT: -1 or the neuron */
  int count;                 /* CUT: clauses and rows; LEAF: constraints */
  const int *clauses, *rows; /* count */
  /* count: 0 .. n-1: x_j >= lo_j; n .. 2n-1: x_j <= hi_j; then half-spaces, hidden neurons (the sign), the clause's rows.
   * Multipliers >= 0 on these alone, unique up to a factor, prove the claim. */
  const int *tight;
} rl_step;

typedef struct rl_proof_node {
  int parent, child[2]; /* -1: none; a parent's number is less than its children's.  child[0]: below or off */
  int input, neuron;    /* where it is split; -1 */
  double at;
} rl_proof_node;

/* *proof = NULL where there is none: `record` was 0, the verdict is not RL_PROVED, nor RL_UNKNOWN for RL_MAXIMIZE
 * with a finite upper bound (open nodes then have no children either). */
rl_status rl_search_proof(rl_search *search, const rl_proof **proof, rl_error *err);
rl_mode rl_proof_mode(const rl_proof *proof);
double rl_proof_upper(const rl_proof *proof); /* what is proved for RL_MAXIMIZE; else 0 */
int rl_proof_nodes(const rl_proof *proof);    /* the root is 0 */
void rl_proof_node_at(const rl_proof *proof, int node, rl_proof_node *out);
/* The next step of a node; *cursor is 0 at first.  Returns 0 after the last. */
int rl_proof_step(const rl_proof *proof, int node, size_t *cursor, rl_step *out);

/* ---- minimal patterns --------------------------------------------------- */

/* Minimise a pattern s that implies P on D: remove literals while
 * D and R(s) imply P.  See rl_minimize_step. */
typedef enum rl_minimize_mode {
  RL_PREFIX,   /* drop whole layers from the last, then, of the first layer that stays, single neurons (in order; as
                * RL_DIVIDE does) */
  RL_DELETION, /* try to drop every literal, in order */
  RL_DIVIDE    /* the same outcome as RL_DELETION with fewer queries: many literals at once, halved where there is
                * no answer, needed ones told by counterexamples that descent finds */
} rl_minimize_mode;

typedef struct rl_minimize rl_minimize;

/* order[count]: neurons in the order in which to try to drop them; NULL:
 * ascending.  RL_PREFIX takes of it those of the layer at hand. */
rl_status rl_minimize_create(rl_minimize **out, const rl_network *net, const rl_domain *domain, const int8_t *pattern,
                             const rl_property *property, rl_minimize_mode mode, const int *order, int count,
                             const rl_search_options *options, rl_error *err);
/* Not RL_DELETION: look for counterexamples near point[n] first, such as one that obeys the pattern (default: anywhere). */
rl_status rl_minimize_near(rl_minimize *minimize, const double *point, rl_error *err);
/* Work for at most `nodes` search nodes.  *done becomes 1 at the end. */
rl_status rl_minimize_step(rl_minimize *minimize, long nodes, int *done, rl_error *err);
void rl_minimize_release(rl_minimize *minimize);
/* RL_RUNNING before the first query is settled; RL_PROVED: the starting pattern
 * implies P (and rl_minimize_pattern does too, at any time);
 * RL_COUNTEREXAMPLE: it does not; RL_UNKNOWN: could not be decided. */
rl_verdict rl_minimize_implied(const rl_minimize *minimize);
const int8_t *rl_minimize_pattern(const rl_minimize *minimize);
const double *rl_minimize_witness(const rl_minimize *minimize); /* when not implied */
int rl_minimize_queries(const rl_minimize *minimize);
int rl_minimize_unknowns(const rl_minimize *minimize); /* queries without an answer; their literal is kept */
/* Candidates refuted by a stored counterexample, without a query. */
int rl_minimize_refuted(const rl_minimize *minimize);
/* Counterexamples found by descent, without a query. */
int rl_minimize_found(const rl_minimize *minimize);
const rl_search_stats *rl_minimize_statistics(const rl_minimize *minimize); /* summed over queries */

/* ---- regions ------------------------------------------------------------ */

typedef struct rl_region rl_region; /* immutable, reference counted: {lo <= x <= hi, A x <= b} and pattern */

/* The polytope of a decision prefix (pattern may be NULL) cut by extra rows
 * A x <= b.  The rows written for the pattern are moved inwards by a rigorous
 * bound on their rounding error over the domain's box: every x in the exact
 * polytope {A x <= b} obeys the pattern in exact arithmetic. */
rl_status rl_region_create(rl_region **out, const rl_network *net, const rl_domain *domain, const int8_t *pattern,
                           int rows, const double *A, const double *b, rl_error *err);
rl_region *rl_region_retain(const rl_region *region);
void rl_region_release(rl_region *region);
int rl_region_inputs(const rl_region *region);
int rl_region_rows(const rl_region *region);
const double *rl_region_lo(const rl_region *region);
const double *rl_region_hi(const rl_region *region);
const double *rl_region_A(const rl_region *region);
const double *rl_region_b(const rl_region *region);
const int8_t *rl_region_pattern(const rl_region *region); /* NULL when none */
/* 1 where the pattern is a decision prefix (or none), whose rows say everything; else the region is not convex in
 * general: rows hold the domain's and the extra ones only, membership looks at the pattern itself. */
int rl_region_is_polytope(const rl_region *region);

/* inside[i] = 1 where row i of x[count*n] certainly lies in the region (exact
 * arithmetic), else 0.  inside may be NULL.  *total: how many. */
rl_status rl_region_contains(const rl_region *region, size_t count, const double *x, uint8_t *inside, size_t *total,
                             rl_error *err);

/* Points x[count*n] of the region, certainly inside, by hit and run from start[n], which must be inside too: `thin`
 * steps before each.  The same seed gives the same points.  Ctrl-C (rl_interrupt_by) ends it early. */
rl_status rl_region_sample(const rl_region *region, const double *start, long count, long thin, uint64_t seed,
                           double *x, rl_error *err);

/* The largest axis-parallel box lo <= x <= hi inside the region.  anchor[n]
 * (or NULL): a point it must contain.  *found = 0 and nothing else when there
 * is none.  The result lies inside the region in exact arithmetic. */
typedef struct rl_box {
  int found;
  double width;      /* sum of widths */
  double log_volume; /* sum of log widths over inputs that are not fixed */
  double gap;        /* proved: optimum (of the measure asked for) - this value <= gap; infinite: nothing is proved */
  int fixed;         /* inputs of zero width, left out of log_volume */
} rl_box;
rl_status rl_region_box_width(const rl_region *region, const double *anchor, double *lo, double *hi, rl_box *box,
                              rl_error *err);
rl_status rl_region_box_volume(const rl_region *region, const double *anchor, double *lo, double *hi, rl_box *box,
                               rl_error *err);

/* Options of an inflation: X(type, name, default, help). */
#define RL_INFLATE_OPTIONS(X)                                                                                          \
  X(double, steps, 2000, "steps of the ascent; the barrier's schedule runs over them")                                 \
  X(double, rate, 0.1, "largest change of the logarithm of a face's room in a step, at first")                         \
  X(double, barrier, 100, "weight of the margins' logarithms at first")                                                \
  X(double, barrier_end, 0.3, "and from four fifths of the steps on")                                                  \
  X(double, leaves, 1, "divide by signs of neurons into at most so many parts, doubling in stages")                    \
  X(double, stage_steps, 300, "steps of each of these stages")                                                         \
  X(double, seconds, 0, "stop after so many seconds of wall-clock time (0: no limit)")

typedef struct rl_inflate_options {
#define RL_FIELD(type, name, default_, help) type name;
  RL_INFLATE_OPTIONS(RL_FIELD)
#undef RL_FIELD
} rl_inflate_options;

void rl_inflate_defaults(rl_inflate_options *options);

typedef enum rl_inflate_measure {
  RL_INFLATE_VOLUME, /* sum_j weight_j log(hi_j - lo_j) */
  RL_INFLATE_WIDTH,  /* sum_j weight_j (hi_j - lo_j) / (the domain's width) */
  RL_INFLATE_LEAST   /* a smooth minimum of (hi_j - lo_j) / weight_j */
} rl_inflate_measure;

/* A box around point[n] inside the domain's box on which bounds prove the goal, all of its faces grown together by
 * gradient ascent.  goal: one conjunction, positive at the point.  weight[n] >= 0 (NULL: 1).  The domain's rows are not
 * looked at: where they cut the box, the rest of it is proved too. */
typedef struct rl_inflate rl_inflate;
rl_status rl_inflate_create(rl_inflate **out, const rl_network *net, const rl_domain *domain, const rl_property *goal,
                            const double *point, const double *weight, rl_inflate_measure measure,
                            const rl_inflate_options *options, rl_error *err);
/* Up to `steps` steps, fewer where they take longer than about a fifth of a second; *done becomes 1 at the end. */
rl_status rl_inflate_step(rl_inflate *inflate, long steps, int *done, rl_error *err);
/* The best box so far, certain in exact arithmetic: lo[n], hi[n]; *found = 0: there is none. */
rl_status rl_inflate_box(rl_inflate *inflate, double *lo, double *hi, int *found, rl_error *err);
double rl_inflate_value(const rl_inflate *inflate); /* the measure of the best box so far; -inf: there is none */
long rl_inflate_steps(const rl_inflate *inflate);   /* done so far */
int rl_inflate_leaves(const rl_inflate *inflate);   /* parts that the box is divided into */
void rl_inflate_release(rl_inflate *inflate);

/* lo <= volume <= hi in the inputs that vary (lo < hi in its box), of which there may be 1 to 10; the effort grows
 * fast with their number.  For polytopes: without a pattern, or with a prefix. */
rl_status rl_region_volume(const rl_region *region, double *lo, double *hi, rl_error *err);

/* ---- preimages ------------------------------------------------------------- */

/* Options of a preimage: X(type, name, default, help). */
#define RL_PREIMAGE_OPTIONS(X)                                                                                         \
  X(double, coverage, 0.9, "stop when the coverage reaches this share (1: only when nothing is left)")                 \
  X(double, confident, 1, "the coverage is reached when its interval's lower end is (0: when its estimate is)")        \
  X(double, seconds, 0, "stop after so many seconds of wall-clock time (0: no limit)")                                 \
  X(double, polytopes, 0, "stop at so many polytopes (0: no limit)")                                                   \
  X(double, samples, 20000, "points that measure the coverage; at least 100 / (1 - coverage)")                                                        \
  X(double, points, 256, "sample points that guide the slopes of a part")                                              \
  X(double, slope_steps, 20, "ascent steps on the slopes of a part")                                                   \
  X(double, candidates, 6, "neurons tried out as the split of a part")                                                 \
  X(double, together, 1, "so many preimages are measured, this one of them: their intervals hold together")            \
  X(double, seed, 1, "seed of all samples")

typedef struct rl_preimage_options {
#define RL_FIELD(type, name, default_, help) type name;
  RL_PREIMAGE_OPTIONS(RL_FIELD)
#undef RL_FIELD
} rl_preimage_options;

void rl_preimage_defaults(rl_preimage_options *options);

/* Statistics: X(name, help); all are counts except seconds. */
#define RL_PREIMAGE_STATS(X)                                                                                           \
  X(splits, "parts that were split")                                                                                   \
  X(parts, "parts of the domain now")                                                                                  \
  X(exact, "parts in which every neuron's sign is decided")                                                            \
  X(evaluations, "network evaluations at sample points")                                                               \
  X(checks, "fresh samples drawn to measure the coverage")                                                             \
  X(seconds, "wall-clock seconds")

typedef struct rl_preimage_stats {
#define RL_FIELD(name, help) double name;
  RL_PREIMAGE_STATS(RL_FIELD)
#undef RL_FIELD
} rl_preimage_stats;

typedef enum rl_preimage_mode {
  RL_UNDER, /* polytopes on which the property holds */
  RL_OVER   /* polytopes outside of which, in the domain, it does not hold */
} rl_preimage_mode;

enum { RL_SPLIT_NONE = -1, RL_SPLIT_INPUT, RL_SPLIT_NEURON };

/* A part of the domain that is not split yet. */
typedef struct rl_preimage_part {
  double volume;   /* estimate: share of the domain's box that holds sample points of the part (under: satisfying
                      the property, over: violating it) */
  double captured; /* estimate: the share of these in the polytope (under), outside the polytopes (over) */
  double gain;     /* estimate: increase of volume * captured by the split proposed */
  int undecided;   /* neurons without a decided sign */
  int closed;      /* nothing is left to gain: the polytopes of the part are exact */
  int depth;       /* splits above it */
  int split_kind;  /* the split proposed; RL_SPLIT_NONE: no proposal (yet) */
  int split_index; /* its input or neuron */
  double split_at; /* its place, for an input */
} rl_preimage_part;

/* The share of the property's volume in the domain that the polytopes hold (under), or the share of the polytopes'
 * volume on which the property holds (over). */
typedef struct rl_coverage {
  double value;
  double lo, hi;  /* contain the true share with 99.9 % confidence (Clopper-Pearson; for all measurements of a search
                     together), or certainly where samples = 0 */
  double samples; /* points that the share was counted over */
} rl_coverage;

typedef struct rl_preimage rl_preimage;

/* The inputs of the domain that have the property, as a union of polytopes.  options may be NULL.  References to
 * net, domain and property are kept. */
rl_status rl_preimage_create(rl_preimage **out, const rl_network *net, const rl_domain *domain,
                             const rl_property *property, rl_preimage_mode mode, const rl_preimage_options *options,
                             rl_error *err);
/* Split for at most `splits` more splits, or about a fifth of a second.  *done becomes 1 at the end: the coverage,
 * measured over a fresh sample, is reached; nothing is left to split; or a limit is. */
rl_status rl_preimage_step(rl_preimage *preimage, long splits, int *done, rl_error *err);
/* The first half of a step: *reached = 1 (and the reason "coverage") when the coverage is reached on a fresh sample. */
rl_status rl_preimage_check(rl_preimage *preimage, int *reached, rl_error *err);
/* Ask for more (or less) coverage: the search goes on where that had ended it. */
rl_status rl_preimage_demand(rl_preimage *preimage, double coverage, rl_error *err);
void rl_preimage_release(rl_preimage *preimage);
/* "running", "coverage", "exact" (every part is closed), "seconds", "polytopes", "stuck" (no part can be split). */
const char *rl_preimage_reason(const rl_preimage *preimage);
const rl_preimage_stats *rl_preimage_statistics(rl_preimage *preimage);

/* Estimate from the sample that steers the search; cheap. */
double rl_preimage_estimate(const rl_preimage *preimage);
/* Measure the polytopes of now over a fresh sample (the same one until they change). */
rl_status rl_preimage_coverage(rl_preimage *preimage, rl_coverage *coverage, rl_error *err);

/* The polytopes of now.  They overlap in boundaries only, but where the property is an or of several ands and the
 * mode is RL_OVER.  Under: in exact arithmetic every point of a region has the property.  Over: every point of the
 * domain that has it lies in a region. */
rl_status rl_preimage_count(rl_preimage *preimage, int *count, rl_error *err);
rl_status rl_preimage_region(rl_preimage *preimage, int index, rl_region **out, rl_error *err);

/* For other orders of work than rl_preimage_step's: look at the parts, split one.  kind = RL_SPLIT_NONE: as proposed
 * (a proposal is made where there is none yet).  The part is replaced by its halves; `part` then names one of them. */
int rl_preimage_parts(const rl_preimage *preimage);
/* The part that rl_preimage_step would split next, or -1. */
rl_status rl_preimage_best(rl_preimage *preimage, int *part, rl_error *err);
rl_status rl_preimage_look(rl_preimage *preimage, int part, rl_preimage_part *out, rl_error *err);
/* The box of a part: lo[n], hi[n]. */
void rl_preimage_part_box(const rl_preimage *preimage, int part, double *lo, double *hi);
rl_status rl_preimage_split(rl_preimage *preimage, int part, int kind, int index, double at, rl_error *err);

/* ---- linear regions --------------------------------------------------------- */

/* The linear regions of a network over a domain, exactly: every full decision pattern s for which R(s) has interior
 * points, with R(s) as a polytope.  A pattern whose R(s) is not empty but has no interior (neighbouring regions touch
 * in it) is not a region.  A neuron whose pre-activation is 0 all over a region counts as on.  Inputs that the domain
 * fixes (lo = hi) are constants; "interior" is meant in the others, of which there may be at most 10.
 *
 * With a property, the regions are cut to where it holds: together, the exact preimage.  For a property that is an or
 * of several ands, a region is cut into pieces that do not overlap.  Regions that the property's bounds exclude are
 * not visited. */
typedef struct rl_enumerate rl_enumerate;

/* property may be NULL. */
rl_status rl_enumerate_create(rl_enumerate **out, const rl_network *net, const rl_domain *domain,
                              const rl_property *property, rl_error *err);
/* Work for about `cells` more cells, or a fifth of a second.  *done becomes 1 at the end. */
rl_status rl_enumerate_step(rl_enumerate *enumerate, long cells, int *done, rl_error *err);
void rl_enumerate_release(rl_enumerate *enumerate);
/* After the end, and with a property of one clause: unite regions whose union is convex, pair by pair, until no pair
 * is left for which that can be shown. */
rl_status rl_enumerate_merge(rl_enumerate *enumerate, rl_error *err);
long rl_enumerate_count(const rl_enumerate *enumerate); /* regions so far */
/* Region i = 0..count-1.  Its rows are moved inwards by their rounding error (region 0's rows of the first layer are
 * exact); patterns and counts are exact. */
rl_status rl_enumerate_region(const rl_enumerate *enumerate, long index, rl_region **out, rl_error *err);
/* Its pattern, all fixed; NULL for a united one. */
const int8_t *rl_enumerate_pattern(const rl_enumerate *enumerate, long index);
/* Bounds of its volume in the inputs that vary. */
void rl_enumerate_volume(const rl_enumerate *enumerate, long index, double *lo, double *hi);
/* Bounds of the volume of all regions together. */
void rl_enumerate_total(const rl_enumerate *enumerate, double *lo, double *hi);
int rl_enumerate_vertices(const rl_enumerate *enumerate, long index);
/* x[n] of vertex v, rounded. */
void rl_enumerate_vertex(const rl_enumerate *enumerate, long index, int vertex, double *x);

/* Statistics: X(name, help); all are counts except seconds. */
#define RL_ENUMERATE_STATS(X)                                      \
  X(cells, "cells taken through a layer")                          \
  X(cuts, "cells cut in two by a neuron")                          \
  X(pruned, "cells that the property's bounds exclude")            \
  X(exact, "signs at vertices settled in rational arithmetic")     \
  X(merges, "regions united with a neighbour")                     \
  X(seconds, "wall-clock seconds")

typedef struct rl_enumerate_stats {
#define RL_FIELD(name, help) double name;
  RL_ENUMERATE_STATS(RL_FIELD)
#undef RL_FIELD
} rl_enumerate_stats;

const rl_enumerate_stats *rl_enumerate_statistics(const rl_enumerate *enumerate);

/* ---- testing aid ---------------------------------------------------------- */

/* Make the n-th allocation from now on fail once (0: none).  For tests of error paths.  Returns what was left of the
 * last such wish: > 0 where so many allocations were still to come, so that none has failed. */
long rl_memory_fail_at(long n);

/* Let the n-th look at the clock from now on, of all threads, find that time is up: that look alone; with -n all that
 * follow too (0: none).  Calls that may run long look at the start of every block of work.  Returns what was left of
 * the last such wish, as above. */
long rl_time_up_at(long n);

#ifdef __cplusplus
}
#endif
#endif

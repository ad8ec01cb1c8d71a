/* L3: the nodes that are open: the last one pushed comes first, or the one of the largest bound (of equals the last
 * one pushed).  A list with a pairing heap over it (Fredman et al. 1986), both through links in the nodes. */
#ifndef RL_OPEN_H
#define RL_OPEN_H

struct rl_node;

typedef struct rl_open {
  struct rl_node *top;  /* the last one pushed */
  struct rl_node *best; /* the one of the largest bound */
  long count;
  long pushed; /* so far */
} rl_open;

/* What a node holds for it. */
typedef struct rl_open_links {
  struct rl_node *below, *above;         /* pushed just before and after it */
  struct rl_node *child, *next, *before; /* heap: first child, next sibling, the sibling before or else the parent */
  long number;                           /* of its push */
} rl_open_links;

/* The node's bound must not change as long as it is open. */
void rl_open_push(rl_open *open, struct rl_node *node);
void rl_open_remove(rl_open *open, struct rl_node *node);

#endif

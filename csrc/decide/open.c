/* L3: the nodes that are open; see open.h. */
#include "decide/open.h"

#include "decide/worker.h"

static int is_before(const rl_node *a, const rl_node *b) {
  if (a->upper != b->upper) return a->upper > b->upper;
  return a->links.number > b->links.number;
}

/* Make one heap of two, either of which may be empty; neither root has siblings. */
static rl_node *meld(rl_node *a, rl_node *b) {
  if (!a || !b) return a ? a : b;
  if (is_before(b, a)) {
    rl_node *swap = a;
    a = b;
    b = swap;
  }
  b->links.before = a;
  b->links.next = a->links.child;
  if (b->links.next) b->links.next->links.before = b;
  a->links.child = b;
  return a;
}

static rl_node *detach(rl_node *node) {
  if (node) node->links.next = node->links.before = NULL;
  return node;
}

/* Make one heap of a list of siblings: in pairs, then from the last to the first. */
static rl_node *meld_siblings(rl_node *first) {
  rl_node *pairs = NULL, *heap = NULL;
  while (first) {
    rl_node *a = first, *b = a->links.next;
    first = b ? b->links.next : NULL;
    a = meld(detach(a), detach(b));
    a->links.next = pairs;
    pairs = a;
  }
  while (pairs) {
    rl_node *next = pairs->links.next;
    heap = meld(detach(pairs), heap);
    pairs = next;
  }
  return heap;
}

void rl_open_push(rl_open *open, rl_node *node) {
  node->links = (rl_open_links){.below = open->top, .number = ++open->pushed};
  if (open->top) open->top->links.above = node;
  open->top = node;
  open->best = meld(open->best, node);
  open->count++;
}

void rl_open_remove(rl_open *open, rl_node *node) {
  rl_open_links *links = &node->links;
  if (links->below) links->below->links.above = links->above;
  if (links->above)
    links->above->links.below = links->below;
  else
    open->top = links->below;
  rl_node *children = meld_siblings(links->child);
  if (node == open->best) {
    open->best = children;
  } else {
    if (links->before->links.child == node)
      links->before->links.child = links->next;
    else
      links->before->links.next = links->next;
    if (links->next) links->next->links.before = links->before;
    open->best = meld(open->best, children);
  }
  *links = (rl_open_links){0};
  open->count--;
}

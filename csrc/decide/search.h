/* L3: what minimal patterns ask of a search beyond relucid.h. */
#ifndef RL_SEARCH_H
#define RL_SEARCH_H

#include "relucid.h"

/* Impose more signs (pattern[neurons] fixes all that the search's pattern does, alike) and go on with the nodes that
 * are open: those that were closed stay closed, for their sets only shrink.  The statistics begin anew, a witness is
 * forgotten.  Returns 0, with nothing changed, where that cannot be: other signs, maximize, a proof on record, or nodes
 * given up. */
int rl_search_impose(rl_search *search, const int8_t *pattern);

/* Keep a copy of what is open, before more signs are imposed; none is kept where these could not be, or
 * where there would be too many nodes for the search's limit of memory. */
rl_status rl_search_set_aside(rl_search *search, rl_error *err);
/* The pattern (neurons) of the copy kept last, or NULL. */
const int8_t *rl_search_aside(const rl_search *search);
/* Go on with the copy kept last, which is kept no longer, and with the pattern, as rl_search_impose does.  Returns 0,
 * with nothing changed, where there is no copy or the pattern does not fix all that its does. */
int rl_search_resume(rl_search *search, const int8_t *pattern);
void rl_search_forget(rl_search *search); /* the copy kept last */
/* Nodes spent on what is open now and what was closed on the way there, with fewer signs. */
double rl_search_spent(const rl_search *search);

#endif

/* L3: what minimal patterns ask of a search beyond relucid.h. */
#ifndef RL_SEARCH_H
#define RL_SEARCH_H

#include "relucid.h"

/* Impose more signs (pattern[neurons] fixes all that the search's pattern does, alike) and go on with the nodes that
 * are open: those that were closed stay closed, for their sets only shrink.  The statistics begin anew, a witness is
 * forgotten.  Returns 0, with nothing changed, where that cannot be: other signs, maximize, a proof on record, or nodes
 * given up. */
int rl_search_impose(rl_search *search, const int8_t *pattern);

#endif

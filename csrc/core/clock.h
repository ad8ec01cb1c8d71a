/* L0: time, and when to give up.
 *
 * A thread has at most one time at which it is to end what it is at, and at most one question that it is to ask (Ctrl-C).
 * Whatever may run long calls rl_late before each block of work, with the size of that block; the first answer other
 * than 0 means: end now, with what holds so far.  All further answers are the same until the limit or the question is
 * set anew, so nobody need pass it on.  The work counted is the same in every run, whatever the clock says. */
#ifndef RL_CLOCK_H
#define RL_CLOCK_H

/* Monotonic wall-clock time in seconds. */
double rl_now(void);

enum { RL_TIME_UP = 1, RL_INTERRUPTED = 2 };

/* Count `work`, in multiply-adds of this thread about to be done; is it to end?  0, RL_TIME_UP or RL_INTERRUPTED.  The
 * clock is looked at about once in a millisecond of work. */
int rl_late(double work);

/* The same without work, looking at the clock at once: for who has waited. */
int rl_late_now(void);

/* How many rows of so much work each make a block that is worth a call of rl_late. */
static inline int rl_rows_at_once(double work) { return work < 2e4 ? (int)(2e4 / (work + 1)) + 1 : 1; }

/* What this thread has counted in all. */
double rl_work(void);

/* From now on this thread's time is up at `until` (rl_now; 0: no limit), or where it was before if that is earlier.
 * Returns the limit before, for rl_limit_restore. */
double rl_limit_time(double until);
void rl_limit_restore(double before);
/* The limit now; 0: none. */
double rl_limit(void);

#endif

/* L0: time, and when to give up (see clock.h). */
#include "core/clock.h"

#include <stdatomic.h>
#include <time.h>

#include "relucid.h"

/* Multiply-adds between two looks at the clock. */
static const double between_looks = 1e6;

static _Thread_local struct {
  rl_interrupt *asked;
  void *context;
  double until; /* 0: no limit */
  double work;
  double next_look; /* work */
  int answer;       /* once it is not 0 */
} thread;

/* ---- the clock ------------------------------------------------------------------------- */

double rl_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- forced answers ---------------------------------------------------------------------- */

static atomic_long countdown; /* calls of rl_late until an answer is forced */
static atomic_int ever_after; /* ONCE: that one answer; WISHED: all later ones too; FORCED: from now on */
enum { ONCE, WISHED, FORCED };

long rl_time_up_at(long n) {
  atomic_store(&ever_after, n < 0 ? WISHED : ONCE);
  return atomic_exchange(&countdown, n < 0 ? -n : n);
}

static int is_forced(void) {
  if (atomic_load_explicit(&ever_after, memory_order_relaxed) == FORCED) return 1;
  if (atomic_load_explicit(&countdown, memory_order_relaxed) <= 0 || atomic_fetch_sub(&countdown, 1) != 1) return 0;
  if (atomic_load(&ever_after) == WISHED) atomic_store(&ever_after, FORCED);
  return 1;
}

/* ---- limits ---------------------------------------------------------------------------------- */

/* The limits are new: forget the answer and look soon. */
static void look_anew(void) {
  thread.answer = 0;
  thread.next_look = thread.work;
}

void rl_interrupt_by(rl_interrupt *asked, void *context) {
  thread.asked = asked;
  thread.context = context;
  look_anew();
}

double rl_limit_time(double until) {
  double before = thread.until;
  if (until > 0 && !(before > 0 && before < until)) thread.until = until;
  look_anew();
  return before;
}

void rl_limit_restore(double before) {
  thread.until = before;
  look_anew();
}

double rl_limit(void) { return thread.until; }

static int look(void) {
  thread.next_look = thread.work + between_looks;
  if (thread.asked && thread.asked(thread.context)) return RL_INTERRUPTED;
  return thread.until > 0 && rl_now() >= thread.until ? RL_TIME_UP : 0;
}

int rl_late(double work) {
  thread.work += work;
  if (!thread.answer && is_forced()) thread.answer = RL_TIME_UP;
  if (!thread.answer && thread.work >= thread.next_look) thread.answer = look();
  return thread.answer;
}

int rl_late_now(void) {
  thread.next_look = thread.work;
  return rl_late(0);
}

double rl_work(void) { return thread.work; }

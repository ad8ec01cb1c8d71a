/* L0: child processes that are talked to: a stream to their standard input and one from their standard output. */
#ifndef RL_PROCESS_H
#define RL_PROCESS_H

#include <stddef.h>
#include <stdint.h>

#include "core/core.h"

typedef struct rl_process rl_process;

/* Start argv[0] (looked up in PATH) with the arguments argv, ended by NULL.  Standard error is shared.  The child is in
 * a process group of its own, so that Ctrl-C on the terminal does not reach it; where the system can, it is ended when
 * the calling thread ends. */
rl_status rl_process_start(rl_process **out, const char *const *argv, rl_error *err);

/* End the child if it still runs, and forget it. */
void rl_process_release(rl_process *process);

int rl_process_id(const rl_process *process);

/* Write bytes[count] to its standard input; waits while it does not read.  RL_EFILE: it has ended. */
rl_status rl_process_send(rl_process *process, const char *bytes, size_t count, rl_error *err);

/* Close its standard input: it has got everything. */
void rl_process_finish(rl_process *process);

/* What it has written and was not read yet: *count <= capacity bytes, without waiting.  *end = 1 once it has closed its
 * standard output and everything was read. */
rl_status rl_process_receive(rl_process *process, char *bytes, size_t capacity, size_t *count, int *end, rl_error *err);

/* Ask the child to end, at once. */
void rl_process_kill(rl_process *process);

/* Wait until it has ended: *code is its exit status, or *signal the number of the signal that ended it (else 0). */
void rl_process_wait(rl_process *process, int *code, int *signal);

/* Wait until one of them has something to receive, or `seconds` have passed, or a signal came: ready[count], 0 or 1. */
rl_status rl_process_poll(rl_process *const *list, size_t count, double seconds, uint8_t *ready, rl_error *err);

#endif

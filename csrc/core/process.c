/* L0: child processes, by fork, exec and a socket pair (a socket, unlike a pipe, can be written to without a signal
 * when the other side is gone). */
#include "core/process.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

struct rl_process {
  pid_t pid;
  int fd;     /* both streams */
  int ended;  /* it was waited for */
  int code;   /* then: its exit status */
  int signal; /* or the signal that ended it */
};

/* ---- starting -------------------------------------------------------------------- */

enum { CANNOT_START = 127 };

/* In the child: only calls that are safe after a fork. */
static _Noreturn void become(const char *const *argv, int fd, pid_t parent) {
  setpgid(0, 0);
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(CANNOT_START); /* it ended before that */
#else
  (void)parent;
#endif
  signal(SIGINT, SIG_DFL);
  if (dup2(fd, STDIN_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0) _exit(CANNOT_START);
  execvp(argv[0], (char *const *)argv);
  _exit(CANNOT_START);
}

static rl_status start(rl_process *process, const char *const *argv, rl_error *err) {
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
    return rl_fail(err, RL_EFILE, "%s: cannot be started: %s", argv[0], strerror(errno));
  pid_t parent = getpid(), pid = fork();
  if (pid == 0) become(argv, fds[1], parent);
  int why = errno;
  close(fds[1]);
  if (pid < 0) {
    close(fds[0]);
    return rl_fail(err, RL_EFILE, "%s: cannot be started: %s", argv[0], strerror(why));
  }
  process->pid = pid;
  process->fd = fds[0];
  return RL_OK;
}

rl_status rl_process_start(rl_process **out, const char *const *argv, rl_error *err) {
  *out = NULL;
  rl_process *process = rl_alloc(1, sizeof *process);
  if (!process) return rl_fail_memory(err);
  rl_status status = start(process, argv, err);
  if (status == RL_OK) *out = process;
  else rl_free(process);
  return status;
}

int rl_process_id(const rl_process *process) { return (int)process->pid; }

/* ---- ending ------------------------------------------------------------------------ */

void rl_process_kill(rl_process *process) {
  if (!process->ended) kill(process->pid, SIGKILL);
}

void rl_process_wait(rl_process *process, int *code, int *signal) {
  int status = 0;
  while (!process->ended) {
    pid_t pid = waitpid(process->pid, &status, 0);
    if (pid < 0 && errno == EINTR) continue;
    process->ended = 1;
    process->code = pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    process->signal = pid > 0 && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  }
  *code = process->code;
  *signal = process->signal;
}

void rl_process_release(rl_process *process) {
  if (!process) return;
  int code, signal;
  rl_process_kill(process);
  rl_process_wait(process, &code, &signal);
  close(process->fd);
  rl_free(process);
}

/* ---- talking ------------------------------------------------------------------------- */

rl_status rl_process_send(rl_process *process, const char *bytes, size_t count, rl_error *err) {
  while (count > 0) {
    ssize_t sent = send(process->fd, bytes, count, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return rl_fail(err, RL_EFILE, "process %d: %s", (int)process->pid, strerror(errno));
    bytes += sent;
    count -= (size_t)sent;
  }
  return RL_OK;
}

void rl_process_finish(rl_process *process) { shutdown(process->fd, SHUT_WR); }

rl_status rl_process_receive(rl_process *process, char *bytes, size_t capacity, size_t *count, int *end, rl_error *err) {
  ssize_t got;
  do got = recv(process->fd, bytes, capacity, MSG_DONTWAIT);
  while (got < 0 && errno == EINTR);
  *count = got > 0 ? (size_t)got : 0;
  *end = got == 0 || (got < 0 && errno == ECONNRESET);
  if (got < 0 && !*end && errno != EAGAIN && errno != EWOULDBLOCK)
    return rl_fail(err, RL_EFILE, "process %d: %s", (int)process->pid, strerror(errno));
  return RL_OK;
}

rl_status rl_process_poll(rl_process *const *list, size_t count, double seconds, uint8_t *ready, rl_error *err) {
  struct pollfd *fds = rl_alloc(count, sizeof *fds);
  if (!fds) return rl_fail_memory(err);
  for (size_t i = 0; i < count; i++) fds[i] = (struct pollfd){.fd = list[i]->fd, .events = POLLIN};
  int milliseconds = (int)ceil(fmin(fmax(seconds, 0), 1e6) * 1e3);
  int got = poll(fds, (nfds_t)count, milliseconds);
  for (size_t i = 0; i < count; i++) ready[i] = got > 0 && fds[i].revents != 0;
  rl_free(fds);
  if (got < 0 && errno != EINTR) return rl_fail(err, RL_EFILE, "poll: %s", strerror(errno));
  return RL_OK;
}

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tune.h"

static void become(const tune_command *command, int out) {
  char *arguments[8] = {(char *)command->program};
  for (int i = 0; i < 4 && command->arguments[i]; i++)
    arguments[i + 1] = (char *)command->arguments[i];
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  if (command->tuning)
    setenv("EAGERCL_TUNING", command->tuning, 1);
  else
    unsetenv("EAGERCL_TUNING");
  execv(command->program, arguments);
  _exit(127);
}

/* All it prints, up to `size`; false when the time is up before it closes its output. */
static bool read_until(int from, double end, char *output, size_t size) {
  size_t used = 0;
  char rest[256];
  for (;;) {
    double left = end - tune_now();
    struct pollfd wait = {.fd = from, .events = POLLIN};
    if (left <= 0) return false;
    if (poll(&wait, 1, (int)(left * 1000) + 1) <= 0) continue;
    bool full = used + 1 >= size;
    ssize_t count =
        full ? read(from, rest, sizeof rest) : read(from, output + used, size - used - 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return true;
    if (!full) output[used += (size_t)count] = '\0';
  }
}

static void add_reason(char *output, size_t size, const char *format, int number) {
  size_t used = strlen(output);
  snprintf(output + used, size - used, format, number);
}

bool tune_child(const tune_command *command, char *output, size_t size) {
  int ends[2], status = 0;
  output[0] = '\0';
  if (pipe(ends) != 0) return add_reason(output, size, "no pipe (%d)", errno), false;
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    become(command, ends[1]);
  }
  close(ends[1]);
  if (child < 0) {
    close(ends[0]);
    return add_reason(output, size, "no process (%d)", errno), false;
  }
  bool in_time = read_until(ends[0], tune_now() + command->limit_seconds, output, size);
  if (!in_time) kill(child, SIGKILL);
  close(ends[0]);
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (!in_time)
    add_reason(output, size, "took longer than %d s", command->limit_seconds);
  else if (WIFSIGNALED(status))
    add_reason(output, size, "crashed with signal %d", WTERMSIG(status));
  return in_time && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

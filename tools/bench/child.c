#define _XOPEN_SOURCE 700
#include "child.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Ours, and those of the drivers that keep what they compile. */
static const char *const cache_variables[] = {
    "EAGERCL_CACHE_DIR", "POCL_CACHE_DIR", "MESA_SHADER_CACHE_DIR",
    "CUDA_CACHE_PATH",   "XDG_CACHE_HOME",
};

static bool path_beside(const char *name, char *path, size_t size) {
  ssize_t length = readlink("/proc/self/exe", path, size - 1);
  if (length < 0) return false;
  path[length] = 0;
  char *slash = strrchr(path, '/');
  size_t room = size - (size_t)(slash + 1 - path);
  return snprintf(slash + 1, room, "%s", name) < (int)room;
}

static void become(const child *of, const char *path) {
  char *arguments[CHILD_ARGUMENTS + 2] = {(char *)of->program};
  for (int i = 0; i < CHILD_ARGUMENTS; i++) arguments[i + 1] = (char *)of->arguments[i];
  for (size_t i = 0; i < sizeof cache_variables / sizeof *cache_variables; i++)
    setenv(cache_variables[i], of->caches, 1);
  const char *ours = getenv(CHILD_STARTED);
  if (ours && *ours) unsetenv(ours);
  execv(path, arguments);
  _exit(127);
}

bool child_run(const child *of) {
  char path[4096];
  int status = 0;
  if (!path_beside(of->program, path, sizeof path)) return false;
  pid_t id = fork();
  if (id == 0) become(of, path);
  if (id < 0 || waitpid(id, &status, 0) != id) return false;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
  fprintf(stderr, "%s failed\n", of->program);
  return false;
}

bool child_make_folder(char *path, int size) {
  const char *parent = getenv("TMPDIR");
  int length = snprintf(path, (size_t)size, "%s/eagercl-bench-XXXXXX",
                        parent && *parent ? parent : "/tmp");
  return length < size && mkdtemp(path) != NULL;
}

static int remove_one(const char *path, const struct stat *info, int type,
                      struct FTW *walk) {
  (void)info, (void)type, (void)walk;
  return remove(path);
}

void child_remove_folder(const char *path) {
  nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

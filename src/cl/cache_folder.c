#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/env.h"
#include "base/strbuf.h"
#include "base/sync.h"
#include "cl/cache.h"
#include "cl/program.h"

enum { STALE_SECONDS = 3600 }; /* no writer takes so long */

/* Guarded by lock. `folder` NULL: the user's. */
static eager__mutex lock = EAGER__MUTEX_STATIC(EAGER__RANK_LEAF);
static char *configured;

eager_status eager__program_cache_configure(const char *folder) {
  char *copy = eager__strdup(folder);
  if (folder != NULL && copy == NULL) return eager__out_of_memory(strlen(folder) + 1);
  eager__mutex_lock(&lock);
  char *old = configured;
  configured = copy;
  eager__mutex_unlock(&lock);
  eager__free(old);
  return EAGER_OK;
}

/* The folder's path, allocated; NULL for none. */
static char *folder_path(void) {
  eager__mutex_lock(&lock);
  bool is_users = configured == NULL;
  char *path = eager__strdup(configured);
  eager__mutex_unlock(&lock);
  if (!is_users) return path;

  eager__strbuf text = {0};
  const char *cache = eager__env("XDG_CACHE_HOME"), *home = eager__env("HOME");
  if (cache != NULL && cache[0] == '/') /* a relative one is to be ignored, says XDG */
    eager__strbuf_format(&text, "%s/eagercl", cache);
  else if (home != NULL && home[0] == '/')
    eager__strbuf_format(&text, "%s/.cache/eagercl", home);
  return eager__strbuf_take(&text);
}

/* Makes the folder and those above it that are missing. Changes `path` and restores it. */
static void make_folders(char *path) {
  for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    mkdir(path, S_IRWXU);
    *slash = '/';
  }
  mkdir(path, S_IRWXU);
}

static bool is_safe(int folder) {
  struct stat info;
  return fstat(folder, &info) == 0 && info.st_uid == geteuid() &&
         (info.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

int eager__cache_open_folder(void) {
  char *path = folder_path();
  int folder = -1;
  if (path != NULL && path[0] != '\0') {
    int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    folder = open(path, flags);
    if (folder < 0 && errno == ENOENT) {
      make_folders(path);
      folder = open(path, flags);
    }
  }
  eager__free(path);
  if (folder >= 0 && !is_safe(folder)) {
    close(folder);
    folder = -1;
  }
  return folder;
}

typedef struct cached_file {
  char name[64];
  uint64_t size;
  struct timespec used;
} cached_file;

static int by_age(const void *a, const void *b) {
  const struct timespec *x = &((const cached_file *)a)->used;
  const struct timespec *y = &((const cached_file *)b)->used;
  if (x->tv_sec != y->tv_sec) return x->tv_sec < y->tv_sec ? -1 : 1;
  return (x->tv_nsec > y->tv_nsec) - (x->tv_nsec < y->tv_nsec);
}

static bool has_suffix(const char *name, const char *suffix) {
  size_t size = strlen(name), suffix_size = strlen(suffix);
  return size >= suffix_size && strcmp(name + size - suffix_size, suffix) == 0;
}

static bool is_leftover(const char *name, const struct stat *info) {
  return strncmp(name, EAGER__CACHE_TEMPORARY, strlen(EAGER__CACHE_TEMPORARY)) == 0 &&
         info->st_mtim.tv_sec + STALE_SECONDS < time(NULL);
}

/* Files of other names are not ours to count or remove. */
static bool list_files(DIR *listing, int folder, cached_file **files, size_t *count) {
  size_t capacity = 0;
  for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
    struct stat info;
    if (fstatat(folder, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (is_leftover(entry->d_name, &info)) unlinkat(folder, entry->d_name, 0);
    size_t name_size = strlen(entry->d_name) + 1;
    if (!has_suffix(entry->d_name, EAGER__CACHE_SUFFIX) || name_size > sizeof(*files)->name)
      continue;
    if (eager__reserve(files, &capacity, *count + 1, sizeof **files) != EAGER_OK)
      return false;
    cached_file *file = &(*files)[(*count)++];
    memcpy(file->name, entry->d_name, name_size);
    file->size = (uint64_t)info.st_size;
    file->used = info.st_mtim;
  }
  return true;
}

void eager__cache_trim(int folder, uint64_t limit) {
  int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *listing = copy >= 0 ? fdopendir(copy) : NULL;
  if (listing == NULL) {
    if (copy >= 0) close(copy);
    return;
  }
  cached_file *files = NULL;
  size_t count = 0;
  uint64_t total = 0;
  if (list_files(listing, folder, &files, &count)) {
    if (count > 0) qsort(files, count, sizeof *files, by_age); /* else NULL */
    for (size_t i = 0; i < count; i++) total += files[i].size;
    for (size_t i = 0; i < count && total > limit; i++)
      if (unlinkat(folder, files[i].name, 0) == 0) total -= files[i].size;
  }
  eager__free(files);
  closedir(listing);
}

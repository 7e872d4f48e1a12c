#define _POSIX_C_SOURCE 200809L

#include "file.h"

#include "complain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

/* Far above any digits file; keeps a wrong one from filling the memory. */
static const size_t largest_size = (size_t)1 << 28;

static const char *read_problem(int code) {
  return code == Z_ERRNO       ? strerror(errno)
         : code == Z_BUF_ERROR ? "the gzip file is cut short"
         : code == Z_MEM_ERROR ? "out of memory"
                               : "the gzip file is damaged";
}

static bool read_all(gzFile file, const char *path, unsigned char **out_bytes,
                     size_t *out_size) {
  size_t size = 0, room = 0;
  unsigned char *bytes = NULL;
  for (;;) {
    if (room - size < 2) {
      room = room ? 2 * room : (size_t)1 << 16;
      unsigned char *larger = realloc(bytes, room);
      if (!larger) {
        free(bytes);
        return complain("%s: out of memory", path);
      }
      bytes = larger;
    }
    int count = gzread(file, bytes + size, (unsigned)(room - size - 1));
    if (count <= 0) {
      break;
    }
    size += (size_t)count;
    if (size > largest_size) {
      free(bytes);
      return complain("%s: larger than %zu MiB, which no digits file is", path,
                      largest_size >> 20);
    }
  }
  int code = Z_OK;
  gzerror(file, &code);
  if (code != Z_OK && code != Z_STREAM_END) {
    free(bytes);
    return complain("%s: cannot read: %s", path, read_problem(code));
  }
  bytes[size] = 0;
  *out_bytes = bytes;
  *out_size = size;
  return true;
}

bool file_read(const char *path, unsigned char **out_bytes, size_t *out_size) {
  if (file_is_folder(path)) {
    return complain("%s: is a folder", path);
  }
  errno = 0;
  gzFile file = gzopen(path, "rb");
  if (!file) {
    return complain("%s: cannot open: %s", path, errno ? strerror(errno) : "out of memory");
  }
  bool read = read_all(file, path, out_bytes, out_size);
  gzclose(file);
  return read;
}

bool file_is_folder(const char *path) {
  struct stat facts;
  return stat(path, &facts) == 0 && S_ISDIR(facts.st_mode);
}

char *file_join(const char *folder, const char *name) {
  size_t room = strlen(folder) + strlen(name) + 2;
  char *path = malloc(room);
  if (path) {
    snprintf(path, room, "%s/%s", folder, name);
  }
  return path;
}

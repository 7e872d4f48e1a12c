#include "cl/cache.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"

/* A file: this head in the machine's byte order, the key's bytes, the data's bytes. */
typedef struct file_head {
  char magic[8];
  uint32_t version, head_size;
  uint64_t key_size, data_size;
  eager__digest data_digest;
} file_head;

enum { FORMAT_VERSION = 1, NAME_SIZE = 64 };
static const char magic[8] = {'e', 'a', 'g', 'e', 'r', 'c', 'l', '\n'};
static const uint64_t largest_file = EAGER__CACHE_LIMIT / 4;

eager__digest eager__digest_bytes(const void *bytes, size_t size) {
  static const uint64_t prime = 0x100000001b3u;
  const uint8_t *byte = bytes;
  uint64_t forth = 0xcbf29ce484222325u, back = 0x84222325cbf29ce4u;
  for (size_t i = 0; i < size; i++) {
    forth = (forth ^ byte[i]) * prime;
    back = (back ^ byte[size - 1 - i]) * prime;
  }
  return (eager__digest){{forth, back}};
}

static bool digest_equal(eager__digest a, eager__digest b) {
  return a.sums[0] == b.sums[0] && a.sums[1] == b.sums[1];
}

static void file_name(const char *key, char name[NAME_SIZE]) {
  eager__digest digest = eager__digest_bytes(key, strlen(key));
  snprintf(name, NAME_SIZE, "%016" PRIx64 "%016" PRIx64 EAGER__CACHE_SUFFIX, digest.sums[0],
           digest.sums[1]);
}

static bool read_all(int file, void *out, size_t size) {
  for (size_t done = 0; done < size;) {
    ssize_t count = read(file, (uint8_t *)out + done, size - done);
    if (count <= 0) return false;
    done += (size_t)count;
  }
  return true;
}

static bool write_all(int file, const void *bytes, size_t size) {
  for (size_t done = 0; done < size;) {
    ssize_t count = write(file, (const uint8_t *)bytes + done, size - done);
    if (count <= 0) return false;
    done += (size_t)count;
  }
  return true;
}

/* The whole file in one block, or NULL. Only what we have written ourselves: a regular
 * file of ours that nobody else can write to. */
static uint8_t *read_file(int file, size_t *out_size) {
  struct stat info;
  if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode) || info.st_uid != geteuid() ||
      (info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return NULL;
  if (info.st_size < (off_t)sizeof(file_head) || (uint64_t)info.st_size > largest_file)
    return NULL;
  size_t size = (size_t)info.st_size;
  uint8_t *bytes = eager__alloc(size);
  if (bytes == NULL || !read_all(file, bytes, size)) {
    eager__free(bytes);
    return NULL;
  }
  *out_size = size;
  return bytes;
}

/* Where the data begins in a file that is right in every respect, else 0. */
static size_t verify(const uint8_t *bytes, size_t size, const char *key) {
  file_head head;
  memcpy(&head, bytes, sizeof head);
  size_t key_size = strlen(key), room = size - sizeof head;
  if (memcmp(head.magic, magic, sizeof magic) != 0 || head.version != FORMAT_VERSION ||
      head.head_size != sizeof head || head.key_size != key_size || room < key_size ||
      head.data_size != room - key_size)
    return 0;
  size_t begin = sizeof head + key_size;
  if (memcmp(bytes + sizeof head, key, key_size) != 0 ||
      !digest_equal(head.data_digest, eager__digest_bytes(bytes + begin, size - begin)))
    return 0;
  return begin;
}

static bool load(int folder, const char *name, const char *key, void **out_data,
                 size_t *out_size) {
  int file = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (file < 0) return false;
  size_t size = 0;
  uint8_t *bytes = read_file(file, &size);
  size_t begin = bytes != NULL ? verify(bytes, size, key) : 0;
  if (begin > 0) futimens(file, NULL); /* used now: the last one to be trimmed */
  close(file);
  if (begin == 0) {
    eager__free(bytes);
    unlinkat(folder, name, 0);
    return false;
  }
  memmove(bytes, bytes + begin, size - begin);
  *out_data = bytes;
  *out_size = size - begin;
  return true;
}

bool eager__cache_load(const char *key, void **out_data, size_t *out_size) {
  int folder = eager__cache_open_folder();
  if (folder < 0) return false;
  char name[NAME_SIZE];
  file_name(key, name);
  bool found = load(folder, name, key, out_data, out_size);
  close(folder);
  return found;
}

static bool write_file(int file, const char *key, const void *data, size_t size) {
  file_head head = {.version = FORMAT_VERSION,
                    .head_size = sizeof head,
                    .key_size = strlen(key),
                    .data_size = size,
                    .data_digest = eager__digest_bytes(data, size)};
  memcpy(head.magic, magic, sizeof magic);
  return write_all(file, &head, sizeof head) && write_all(file, key, strlen(key)) &&
         write_all(file, data, size) && fsync(file) == 0;
}

static void store(int folder, const char *key, const void *data, size_t size) {
  static atomic_uint counter;
  char name[NAME_SIZE], temporary[NAME_SIZE];
  file_name(key, name);
  snprintf(temporary, sizeof temporary, EAGER__CACHE_TEMPORARY "%ld.%u", (long)getpid(),
           atomic_fetch_add(&counter, 1));
  int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
  int file = openat(folder, temporary, flags, S_IRUSR | S_IWUSR);
  if (file < 0) return;
  bool written = write_file(file, key, data, size);
  if (close(file) != 0) written = false;
  if (!written || renameat(folder, temporary, folder, name) != 0)
    unlinkat(folder, temporary, 0);
  eager__cache_trim(folder, EAGER__CACHE_LIMIT);
}

void eager__cache_store(const char *key, const void *data, size_t size) {
  if (size > largest_file - sizeof(file_head) - strlen(key)) return;
  int folder = eager__cache_open_folder();
  if (folder < 0) return;
  store(folder, key, data, size);
  close(folder);
}

void eager__cache_remove(const char *key) {
  int folder = eager__cache_open_folder();
  if (folder < 0) return;
  char name[NAME_SIZE];
  file_name(key, name);
  unlinkat(folder, name, 0);
  close(folder);
}

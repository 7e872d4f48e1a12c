/* Files of the kernel cache: the input takes the place of one. Nothing is read from it, or
 * exactly what its head says, which kept again gives the same file. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cl/cache.h"
#include "cl/program.h"
#include "fuzz.h"

static const char key[] = "program";
static char file_path[512], folder[] = "/tmp/eagercl-fuzz-XXXXXX";

static void clean_up(void) {
  unlink(file_path);
  rmdir(folder);
}

/* A folder of this process, and the file in it that has the key. */
static void prepare(void) {
  if (*file_path) return;
  fuzz_require(mkdtemp(folder) != NULL &&
                   eager__program_cache_configure(folder) == EAGER_OK,
               "a folder");
  atexit(clean_up);
  eager__cache_store(key, "text", 4);
  DIR *entries = opendir(folder);
  fuzz_require(entries != NULL, "a folder");
  for (struct dirent *entry; (entry = readdir(entries)) != NULL;)
    if (strstr(entry->d_name, EAGER__CACHE_SUFFIX))
      snprintf(file_path, sizeof file_path, "%s/%s", folder, entry->d_name);
  closedir(entries);
  fuzz_require(*file_path != 0, "a file");
}

static void put(const uint8_t *data, size_t size) {
  int file = open(file_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  fuzz_require(file >= 0 && write(file, data, size) == (ssize_t)size, "a file");
  close(file);
}

static bool holds(const uint8_t *data, size_t size) {
  uint8_t *bytes = malloc(size + 1);
  int file = open(file_path, O_RDONLY);
  bool same = file >= 0 && read(file, bytes, size + 1) == (ssize_t)size &&
              memcmp(bytes, data, size) == 0;
  if (file >= 0) close(file);
  free(bytes);
  return same;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  prepare();
  put(data, size);
  void *loaded;
  size_t loaded_size;
  if (!eager__cache_load(key, &loaded, &loaded_size)) return 0;
  fuzz_require(loaded_size < size, "the data are less than the file");
  eager__cache_store(key, loaded, loaded_size);
  eager__free(loaded);
  fuzz_require(holds(data, size), "what is read is what was kept");
  return 0;
}

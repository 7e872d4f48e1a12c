/* The disk cache in bad company: full disks, unreadable files, links and other things in a
 * file's place, an old format, and writers that race. What is loaded is exactly what was
 * stored under the key, or nothing. Each case is a child, which gives up what it must. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cl/cache.h"
#include "cl/program.h"

enum { NOBODY = 65534, BLOB = 3000, ROUNDS = 400 };

static const char key[] = "device x\nsource 3000 bytes\n";
static char folder[64], entry[512];
static unsigned char blob[BLOB];

/* The one file whose name does not begin with a dot, into `entry`; how many there are. */
static int list(void) {
  DIR *listing = opendir(folder);
  int found = 0;
  for (struct dirent *one; listing != NULL && (one = readdir(listing)) != NULL;)
    if (one->d_name[0] != '.') {
      snprintf(entry, sizeof entry, "%s/%s", folder, one->d_name);
      found++;
    }
  if (listing != NULL) closedir(listing);
  return found;
}

static int begin(void **state) {
  (void)state;
  strcpy(folder, "/tmp/eagercl-hostile-XXXXXX");
  if (mkdtemp(folder) == NULL) return 1;
  for (int i = 0; i < BLOB; i++) blob[i] = (unsigned char)(i * 7);
  return eager__program_cache_configure(folder) != EAGER_OK;
}

static int end(void **state) {
  (void)state;
  for (int tries = 0; tries < 100 && list() > 0; tries++)
    if (unlink(entry) != 0) rmdir(entry);
  return rmdir(folder);
}

static bool is_found(void) {
  void *data;
  size_t size;
  if (!eager__cache_load(key, &data, &size)) return false;
  bool same = size == BLOB && memcmp(data, blob, BLOB) == 0;
  eager__free(data);
  if (!same) abort(); /* a wrong kernel: the child dies of it */
  return true;
}

static void store(void) {
  eager__cache_store(key, blob, BLOB);
}

/* In a child; it returns whether all was well. */
static void in_child(bool (*run)(void)) {
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) _exit(run() ? 0 : 1);
  int status = 0;
  assert_true(child > 0);
  assert_int_equal(waitpid(child, &status, 0), child);
  if (WIFSIGNALED(status)) fail_msg("signal %d", WTERMSIG(status));
  assert_int_equal(WEXITSTATUS(status), 0);
}

/* --- Disks --- */

static bool with_short_files(void) {
  const struct rlimit none = {100, 100}; /* less than the head */
  signal(SIGXFSZ, SIG_IGN);
  if (setrlimit(RLIMIT_FSIZE, &none) != 0) return false;
  store();
  return !is_found() && list() == 0; /* nor is anything left over */
}

static bool with_what_is_there(void) {
  const struct rlimit none = {100, 100};
  signal(SIGXFSZ, SIG_IGN);
  if (setrlimit(RLIMIT_FSIZE, &none) != 0) return false;
  eager__cache_store("another key", blob, BLOB);
  store();
  return is_found() && list() == 1;
}

static void a_full_disk_is_no_cache(void **state) {
  (void)state;
  in_child(with_short_files);
  store();
  assert_true(is_found());
  in_child(with_what_is_there);
}

/* --- Modes: only another user than root meets them --- */

static bool become_nobody(void) {
  return chown(folder, NOBODY, NOBODY) == 0 && setgid(NOBODY) == 0 && setuid(NOBODY) == 0;
}

static bool unreadable_file(void) {
  if (!become_nobody()) return false;
  store();
  if (list() != 1 || chmod(entry, 0) != 0) return false;
  if (is_found()) return false;
  store(); /* takes its place */
  return is_found();
}

static bool read_only_folder(void) {
  if (!become_nobody()) return false;
  store();
  if (chmod(folder, 0500) != 0 || !is_found()) return false; /* reading is enough */
  eager__cache_store("another key", blob, BLOB);
  bool one = list() == 1;
  return chmod(folder, 0700) == 0 && one;
}

static bool unreadable_folder(void) {
  if (!become_nobody()) return false;
  store();
  if (chmod(folder, 0) != 0 || is_found()) return false;
  store();
  return chmod(folder, 0700) == 0 && is_found();
}

static void modes_are_met(void **state) {
  (void)state;
  static bool (*const cases[])(void) = {unreadable_file, read_only_folder,
                                        unreadable_folder};
  if (geteuid() != 0) {
    print_message("skipped: only root can become another user\n");
    skip();
  }
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    in_child(cases[i]);
    assert_int_equal(chmod(folder, 0700), 0);
    while (list() > 0) assert_int_equal(unlink(entry), 0);
    assert_int_equal(chown(folder, 0, 0), 0);
  }
}

/* --- Other things in the file's place --- */

static void a_link_is_not_followed(void **state) {
  (void)state;
  char target[512], link[512];
  store();
  assert_int_equal(list(), 1);
  strcpy(link, entry);
  snprintf(target, sizeof target, "%s/precious", folder);
  assert_int_equal(rename(link, target), 0); /* a right file, where it is not ours to say */
  assert_int_equal(symlink(target, link), 0);
  assert_false(is_found());
  struct stat info;
  assert_int_equal(lstat(target, &info), 0);
  assert_true(info.st_size > BLOB); /* as it was */
  store();
  assert_true(is_found());
  assert_int_equal(lstat(link, &info), 0);
  assert_true(S_ISREG(info.st_mode));
}

/* Where the next temporary file would be: never written through. */
static void a_link_in_the_way_of_writing_is_left_alone(void **state) {
  (void)state;
  char target[512], link[512];
  struct stat info;
  snprintf(target, sizeof target, "%s/precious", folder);
  close(open(target, O_CREAT | O_WRONLY, 0600));
  for (int i = 0; i < 64; i++) { /* whatever its number is */
    snprintf(link, sizeof link, "%s/" EAGER__CACHE_TEMPORARY "%ld.%d", folder,
             (long)getpid(), i);
    assert_int_equal(symlink(target, link), 0);
  }
  store();
  assert_false(is_found());
  assert_int_equal(stat(target, &info), 0);
  assert_int_equal(info.st_size, 0);
}

static void pipes_and_folders_in_the_place_are_no_files(void **state) {
  (void)state;
  char place[512];
  store();
  assert_int_equal(list(), 1);
  strcpy(place, entry);
  assert_int_equal(unlink(place), 0);
  assert_int_equal(mkfifo(place, 0600), 0);
  assert_false(is_found()); /* without waiting for a writer */
  store();
  assert_true(is_found());
  assert_int_equal(unlink(place), 0);
  assert_int_equal(mkdir(place, 0700), 0);
  assert_false(is_found());
  store();
  assert_false(is_found());
  assert_int_equal(list(), 1); /* nothing left over beside it */
}

/* --- Formats --- */

static void another_version_is_not_read(void **state) {
  (void)state;
  for (uint32_t version = 0; version < 4; version++) {
    uint32_t now = 0;
    store();
    assert_int_equal(list(), 1);
    int file = open(entry, O_RDWR);
    assert_int_equal(pread(file, &now, sizeof now, 8), sizeof now);
    assert_int_equal(pwrite(file, &version, sizeof version, 8), sizeof version);
    close(file);
    assert_int_equal(is_found(), version == now);
  }
}

/* Sizes in the head that do not fit the file, chosen to wrap round. */
static void sizes_that_wrap_are_not_believed(void **state) {
  (void)state;
  static const uint64_t sizes[] = {0,          1,         UINT64_MAX, UINT64_MAX - 30,
                                   1ull << 63, 1ull << 32};
  for (int at = 16; at <= 24; at += 8) /* of the key, of the data */
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
      store();
      assert_int_equal(list(), 1);
      int file = open(entry, O_RDWR);
      assert_int_equal(pwrite(file, &sizes[i], sizeof sizes[i], at), sizeof sizes[i]);
      close(file);
      assert_false(is_found());
    }
}

/* --- Several processes --- */

/* Everyone stores, loads, removes, damages and trims; whoever loads gets the blob. */
static bool race(void) {
  unsigned random = (unsigned)getpid();
  for (int i = 0; i < ROUNDS; i++) {
    random = random * 1103515245u + 12345u;
    switch (random >> 16 & 7) {
    case 0:
      eager__cache_remove(key);
      break;
    case 1: {
      int shut = eager__cache_open_folder();
      if (shut < 0) return false;
      eager__cache_trim(shut, BLOB * 2);
      close(shut);
      break;
    }
    case 2: {
      char damaged[512];
      if (list() == 0) break;
      strcpy(damaged, entry);
      int file = open(damaged, O_RDWR);
      if (file < 0) break; /* gone meanwhile */
      if (pwrite(file, "x", 1, (off_t)(random >> 20 & 1023)) != 1) return false;
      close(file);
      break;
    }
    case 3:
    case 4:
      store();
      break;
    default:
      (void)is_found();
    }
  }
  return true;
}

static void four_processes_see_whole_files_or_none(void **state) {
  (void)state;
  enum { PROCESSES = 4 };
  pid_t children[PROCESSES];
  fflush(NULL);
  for (int i = 0; i < PROCESSES; i++) {
    children[i] = fork();
    if (children[i] == 0) _exit(race() ? 0 : 1);
    assert_true(children[i] > 0);
  }
  for (int i = 0; i < PROCESSES; i++) {
    int status = 1;
    assert_int_equal(waitpid(children[i], &status, 0), children[i]);
    if (WIFSIGNALED(status)) fail_msg("signal %d", WTERMSIG(status));
    assert_int_equal(WEXITSTATUS(status), 0);
  }
  store();
  assert_true(is_found());
  print_message("  cache: %d processes, %d steps each, no wrong byte\n", PROCESSES, ROUNDS);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(a_full_disk_is_no_cache),
      CASE(modes_are_met),
      CASE(a_link_is_not_followed),
      CASE(a_link_in_the_way_of_writing_is_left_alone),
      CASE(pipes_and_folders_in_the_place_are_no_files),
      CASE(another_version_is_not_read),
      CASE(sizes_that_wrap_are_not_believed),
      CASE(four_processes_see_whole_files_or_none),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  return eager__program_cache_configure(NULL) != EAGER_OK ? 1 : failed;
}

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cl/cache.h"
#include "cl/program.h"

static const char key[] = "device x\nsource 12 bytes\n";
static const char blob[] = "a program's binary, with a \0 in it";

static char folder[64];

static void in_folder(char path[512], const char *name) {
  snprintf(path, 512, "%s/%s", folder, name);
}

/* The first file whose name does not begin with a dot; false when there is none. */
static bool first_file(char path[512]) {
  DIR *listing = opendir(folder);
  bool found = false;
  for (struct dirent *entry; listing != NULL && !found && (entry = readdir(listing));) {
    found = entry->d_name[0] != '.';
    if (found) in_folder(path, entry->d_name);
  }
  if (listing != NULL) closedir(listing);
  return found;
}

static int make_folder(void **state) {
  (void)state;
  strcpy(folder, "/tmp/eagercl-cache-XXXXXX");
  if (mkdtemp(folder) == NULL) return 1;
  return eager__program_cache_configure(folder) != EAGER_OK;
}

static int remove_folder(void **state) {
  (void)state;
  char path[512];
  chmod(folder, S_IRWXU);
  while (first_file(path) && unlink(path) == 0) continue;
  return rmdir(folder);
}

static bool is_found(void) {
  void *data;
  size_t size;
  if (!eager__cache_load(key, &data, &size)) return false;
  assert_int_equal(size, sizeof blob);
  assert_memory_equal(data, blob, size);
  eager__free(data);
  return true;
}

static void what_is_stored_is_found(void **state) {
  (void)state;
  assert_false(is_found());
  eager__cache_store(key, blob, sizeof blob);
  assert_true(is_found());
  void *data;
  size_t size;
  assert_false(eager__cache_load("another key", &data, &size));
  eager__cache_remove(key);
  assert_false(is_found());
}

static void the_file_is_for_its_user_alone(void **state) {
  (void)state;
  char path[512];
  struct stat info;
  eager__cache_store(key, blob, sizeof blob);
  assert_true(first_file(path));
  assert_int_equal(stat(path, &info), 0);
  assert_int_equal(info.st_mode & 0777, 0600);
  assert_int_equal(chmod(path, 0666), 0);
  assert_false(is_found());
}

/* Each byte of the file in turn; none may get through, and the file goes. */
static void a_flipped_byte_is_noticed(void **state) {
  (void)state;
  char path[512];
  for (off_t at = 0;; at++) {
    eager__cache_store(key, blob, sizeof blob);
    assert_true(first_file(path));
    int file = open(path, O_RDWR);
    unsigned char byte;
    bool in_file = pread(file, &byte, 1, at) == 1;
    byte ^= 0x10;
    if (in_file) assert_int_equal(pwrite(file, &byte, 1, at), 1);
    close(file);
    if (!in_file) break;
    assert_false(is_found());
    assert_false(first_file(path));
  }
  assert_true(is_found());
}

static void a_wrong_length_is_noticed(void **state) {
  (void)state;
  char path[512];
  struct stat info;
  eager__cache_store(key, blob, sizeof blob);
  assert_true(first_file(path));
  assert_int_equal(stat(path, &info), 0);
  for (off_t size = 0; size <= info.st_size + 1; size++) {
    eager__cache_store(key, blob, sizeof blob);
    assert_int_equal(truncate(path, size), 0);
    assert_int_equal(is_found(), size == info.st_size);
  }
}

/* A blob under the name of another key, as when two names collide. */
static void the_key_is_compared(void **state) {
  (void)state;
  char mine[512], other[512];
  eager__cache_store("other", blob, sizeof blob);
  assert_true(first_file(other));
  eager__cache_store(key, blob, sizeof blob);
  DIR *listing = opendir(folder);
  assert_non_null(listing);
  for (struct dirent *entry; (entry = readdir(listing)) != NULL;)
    if (entry->d_name[0] != '.' && strstr(other, entry->d_name) == NULL)
      in_folder(mine, entry->d_name);
  closedir(listing);
  assert_int_equal(rename(other, mine), 0);
  assert_false(is_found());
}

static void a_folder_others_write_to_is_refused(void **state) {
  (void)state;
  eager__cache_store(key, blob, sizeof blob);
  for (mode_t mode = 0720; mode; mode = mode == 0720 ? 0702 : 0) {
    assert_int_equal(chmod(folder, mode), 0);
    assert_false(is_found());
  }
  assert_int_equal(chmod(folder, 0755), 0);
  assert_true(is_found());
}

static void a_folder_of_another_user_is_refused(void **state) {
  (void)state;
  if (geteuid() != 0) {
    print_message("skipped: only root can give a folder away\n");
    skip();
  }
  eager__cache_store(key, blob, sizeof blob);
  assert_int_equal(chown(folder, 1, 1), 0);
  assert_false(is_found());
  assert_int_equal(chown(folder, 0, 0), 0);
  assert_true(is_found());
}

static void a_read_only_folder_is_no_cache(void **state) {
  (void)state;
  char path[512];
  assert_int_equal(chmod(folder, 0500), 0);
  eager__cache_store(key, blob, sizeof blob);
  if (geteuid() != 0) assert_false(is_found()); /* root may write anywhere */
  assert_int_equal(chmod(folder, 0700), 0);
  eager__cache_store(key, blob, sizeof blob);
  assert_true(first_file(path));
  assert_int_equal(eager__program_cache_configure(path), EAGER_OK); /* a file */
  assert_false(is_found());
  strcat(path, "/below");
  assert_int_equal(eager__program_cache_configure(path), EAGER_OK);
  eager__cache_store(key, blob, sizeof blob);
  assert_false(is_found());
}

static void an_empty_name_is_no_cache(void **state) {
  (void)state;
  char path[512];
  assert_int_equal(eager__program_cache_configure(""), EAGER_OK);
  eager__cache_store(key, blob, sizeof blob);
  assert_false(is_found());
  assert_false(first_file(path));
}

static void no_name_is_the_users_folder(void **state) {
  (void)state;
  char path[512];
  struct stat info;
  assert_int_equal(setenv("XDG_CACHE_HOME", folder, 1), 0);
  assert_int_equal(eager__program_cache_configure(NULL), EAGER_OK);
  eager__cache_store(key, blob, sizeof blob);
  assert_true(is_found());
  in_folder(path, "eagercl");
  assert_int_equal(stat(path, &info), 0);
  assert_int_equal(info.st_mode & 0777, 0700);
  eager__cache_remove(key);
  assert_int_equal(rmdir(path), 0);
  /* A relative one is ignored, and so HOME counts. */
  assert_int_equal(setenv("XDG_CACHE_HOME", "cache", 1), 0);
  assert_int_equal(setenv("HOME", folder, 1), 0);
  eager__cache_store(key, blob, sizeof blob);
  in_folder(path, ".cache/eagercl");
  assert_int_equal(stat(path, &info), 0);
  eager__cache_remove(key);
  assert_int_equal(rmdir(path), 0);
  in_folder(path, ".cache");
  assert_int_equal(rmdir(path), 0);
}

static void set_age(const char *path, time_t seconds) {
  struct timespec times[2] = {{.tv_sec = time(NULL) - seconds},
                              {.tv_sec = time(NULL) - seconds}};
  assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void the_oldest_goes_first(void **state) {
  (void)state;
  char path[512], temporary[512];
  uint8_t kilobyte[1024] = {0};
  eager__cache_store(key, blob, sizeof blob);
  assert_true(first_file(path));
  set_age(path, 1000);
  eager__cache_store("2", kilobyte, sizeof kilobyte);
  in_folder(temporary, "tmp.1.1");
  close(open(temporary, O_CREAT | O_WRONLY, 0600));
  set_age(temporary, 7200);
  int file = eager__cache_open_folder();
  assert_true(file >= 0);
  eager__cache_trim(file, 1024 * 1024);
  assert_int_not_equal(access(temporary, F_OK), 0);
  assert_true(is_found()); /* which makes it the younger one */
  struct stat info;
  assert_int_equal(stat(path, &info), 0);
  assert_true(time(NULL) - info.st_mtim.tv_sec < 100);
  set_age(path, -100);
  eager__cache_trim(file, 1024);
  assert_true(is_found());
  void *data;
  size_t size;
  assert_false(eager__cache_load("2", &data, &size));
  eager__cache_trim(file, 0);
  assert_false(is_found());
  close(file);
}

static void what_is_far_too_large_is_not_kept(void **state) {
  (void)state;
  char path[512];
  eager__cache_store(key, blob, EAGER__CACHE_LIMIT);
  assert_false(first_file(path));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(what_is_stored_is_found),
      CASE(the_file_is_for_its_user_alone),
      CASE(a_flipped_byte_is_noticed),
      CASE(a_wrong_length_is_noticed),
      CASE(the_key_is_compared),
      CASE(a_folder_others_write_to_is_refused),
      CASE(a_folder_of_another_user_is_refused),
      CASE(a_read_only_folder_is_no_cache),
      CASE(an_empty_name_is_no_cache),
      CASE(no_name_is_the_users_folder),
      CASE(the_oldest_goes_first),
      CASE(what_is_far_too_large_is_not_kept),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  return eager__program_cache_configure(NULL) != EAGER_OK ? 1 : failed;
}

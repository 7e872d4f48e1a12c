#include "program.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static char folder[64];

static const char *joined(const char *directory, const char *name) {
  size_t room = strlen(directory) + strlen(name) + 2;
  char *path = test_alloc(room);
  snprintf(path, room, "%s/%s", directory, name);
  return path;
}

static const char *setting(const char *variable) {
  const char *value = getenv(variable);
  if (value == NULL) test_skip("%s is not set; ctest sets it", variable);
  return value;
}

static char *content(FILE *file, size_t *out_size) {
  assert_int_equal(fseek(file, 0, SEEK_END), 0);
  long size = ftell(file);
  assert_true(size >= 0);
  rewind(file);
  char *text = test_alloc((size_t)size + 1);
  assert_int_equal(fread(text, 1, (size_t)size, file), size);
  fclose(file);
  if (out_size != NULL) *out_size = (size_t)size;
  return text;
}

/* Between fork and exec only what a process with a driver's threads may still do. */
static void become(const char *path, const char *const *words, int seconds, int out,
                   int err) {
  int null = open("/dev/null", O_RDONLY);
  alarm((unsigned)seconds);
  if (null >= 0 && dup2(null, 0) >= 0 && dup2(out, 1) >= 0 && dup2(err, 2) >= 0 &&
      (folder[0] == '\0' || chdir(folder) == 0))
    execv(path, (char *const *)words);
  _exit(127);
}

program_result program_run(int seconds, const char *const *words) {
  const char *path = joined(setting("EAGERCL_TEST_PROGRAMS"), words[0]);
  if (access(path, X_OK) != 0) test_skip("the program %s was not built", words[0]);
  FILE *out = tmpfile(), *err = tmpfile();
  assert_non_null(out);
  assert_non_null(err);
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) become(path, words, seconds, fileno(out), fileno(err));
  assert_true(child > 0);
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  return (program_result){.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status)
                                                        : WEXITSTATUS(status),
                          .out = content(out, NULL),
                          .err = content(err, NULL)};
}

/* ---- The folder ---- */

void program_folder_make(void) {
  strcpy(folder, "/tmp/eagercl_program_XXXXXX");
  assert_non_null(mkdtemp(folder));
}

const char *program_folder(void) {
  return folder;
}

const char *program_path(const char *name) {
  return joined(folder, name);
}

static size_t visit(void (*act)(const char *path)) {
  DIR *all = opendir(folder);
  assert_non_null(all);
  size_t count = 0;
  for (const struct dirent *one; (one = readdir(all));) {
    if (strcmp(one->d_name, ".") == 0 || strcmp(one->d_name, "..") == 0) continue;
    count++;
    if (act != NULL) act(joined(folder, one->d_name));
  }
  closedir(all);
  return count;
}

static void delete (const char *path) {
  assert_int_equal(remove(path), 0);
}

size_t program_file_count(void) {
  return visit(NULL);
}

void program_file_write(const char *name, const void *bytes, size_t size) {
  FILE *file = fopen(program_path(name), "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, size, file), size);
  assert_int_equal(fclose(file), 0);
}

void program_folder_remove(void) {
  visit(delete);
  assert_int_equal(rmdir(folder), 0);
  folder[0] = '\0';
}

const unsigned char *program_source_file(const char *name, size_t *out_size) {
  const char *path = joined(setting("EAGERCL_TEST_SOURCES"), name);
  FILE *file = fopen(path, "rb");
  if (file == NULL) print_error("cannot open %s\n", path);
  assert_non_null(file);
  return (const unsigned char *)content(file, out_size);
}

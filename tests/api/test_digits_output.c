/* ctest: devices=pocl-basic timeout=200 */
/* What the main job tells while it runs and at its end, to a file and to a terminal. */
#define _XOPEN_SOURCE 700 /* for posix_openpt */

#include "test.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "program.h"

enum { SECONDS = 90, TEST_DIGITS = 364, CLASSES = 10 };

/* The text behind the first `part` in `text`; the test fails without one. */
static const char *behind(const char *text, const char *part) {
  const char *found = strstr(text, part);
  if (found == NULL) fail_msg("no \"%s\" in:\n%s", part, text);
  return found + strlen(part);
}

static int matrix_sum(const char *text) {
  int sum = 0, line = 0;
  text = behind(text, "confusion matrix: a row is a digit, a column what it was taken for");
  for (text = behind(text, "\n\n"); line <= CLASSES; line++) {
    char row[128];
    size_t size = strcspn(text, "\n");
    snprintf(row, sizeof row, "%.*s", (int)size, text);
    text += size + (text[size] == '\n');
    if (line == 0) continue; /* the digits above the columns */
    char *rest = NULL;
    assert_int_equal(strtol(row, &rest, 10), line - 1);
    int column = 0;
    for (char *cell = strtok(rest, " "); cell != NULL; cell = strtok(NULL, " "), column++)
      sum += atoi(cell); /* a dot is none */
    assert_int_equal(column, CLASSES);
  }
  return sum;
}

static void everything_is_told_in_order(void **state) {
  (void)state;
  test_time_limit(SECONDS);
  program_result r =
      program_run(SECONDS, (const char *const[]){"digits", "--device", test_device(),
                                                 "--epochs", "2", NULL});
  if (r.status != 0) fail_msg("status %d: %s", r.status, r.err);
  static const char *const parts[] = {"device: ",
                                      "device policy: silent; execution mode: sync\n",
                                      "training digits, 364 test digits\n",
                                      "\nepoch 1/2  loss ",
                                      " s left\n",
                                      "epoch 2/2  loss ",
                                      " s left\n",
                                      "\ntest accuracy: ",
                                      " %\n",
                                      "\nconfusion matrix",
                                      "\nsome test digits",
                                      "\nimplicit copies between devices: 0,"};
  const char *rest = r.out;
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) rest = behind(rest, parts[i]);
  assert_int_equal(matrix_sum(r.out), TEST_DIGITS);
  assert_null(strchr(r.out, '\r')); /* no bar in a file */
  assert_string_equal(r.err, "");
}

/* --- A terminal --- */

/* Between fork and exec only what a process with a driver's threads may still do. */
static void become(const char *path, const char *const *words, int terminal) {
  alarm(SECONDS);
  if (dup2(terminal, 1) >= 0) execv(path, (char *const *)words);
  _exit(127);
}

/* All that comes until the other side is closed, which reads as an error. */
static const char *read_terminal(int control) {
  enum { ROOM = 1 << 18 };
  char *text = test_alloc(ROOM);
  size_t size = 0;
  for (ssize_t count; (count = read(control, text + size, ROOM - 1 - size)) > 0;)
    size += (size_t)count;
  close(control);
  return text;
}

static const char *run_in_terminal(const char *path, const char *const *words) {
  int control = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (control < 0 || grantpt(control) != 0 || unlockpt(control) != 0)
    test_skip("no pseudo terminal here");
  int terminal = open(ptsname(control), O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal < 0) test_skip("the pseudo terminal cannot be opened");
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) become(path, words, terminal);
  assert_true(child > 0);
  close(terminal);
  const char *text = read_terminal(control);
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) fail_msg("it said:\n%s", text);
  return text;
}

static void a_terminal_has_a_progress_bar(void **state) {
  (void)state;
  test_time_limit(SECONDS);
  const char *folder = getenv("EAGERCL_TEST_PROGRAMS");
  if (folder == NULL) test_skip("EAGERCL_TEST_PROGRAMS is not set; ctest sets it");
  char path[1024];
  snprintf(path, sizeof path, "%s/digits", folder);
  if (access(path, X_OK) != 0) test_skip("the program digits was not built");
  const char *text = run_in_terminal(
      path, (const char *const[]){"digits", "--device", test_device(), "--epochs=3", NULL});
  assert_null(strstr(text, "epoch 1/"));

  int bars = 0, last = 0;
  for (const char *bar = text; (bar = strstr(bar, "\r[")) != NULL; bars++) {
    char cells[31];
    int percent = 0;
    float loss = 0, left = -1;
    int read =
        sscanf(bar, "\r[%30[#.]] %d %% loss %f %f s left", cells, &percent, &loss, &left);
    if (read != 4) fail_msg("not a bar: %.80s", bar);
    assert_int_equal(strlen(cells), 30);
    int full = (int)strspn(cells, "#"); /* rounded up, the percentage down */
    assert_in_range(full, (30 * percent + 99) / 100, (30 * percent + 129) / 100);
    assert_in_range(percent, last, 100);
    assert_true(loss > 0 && left >= 0);
    last = percent;
    bar += 2;
  }
  assert_true(bars > 0);
  assert_int_equal(last, 100);
  behind(text, "test accuracy: ");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(everything_is_told_in_order),
      cmocka_unit_test(a_terminal_has_a_progress_bar),
  };
  return test_main("api/digits_output", tests, sizeof tests / sizeof *tests);
}
